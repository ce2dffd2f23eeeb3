"""How steady the pastiche of a clip is: measures, curves, table, JSON and plot.

It uses clips and flow. It does not use jobs, and jobs do not use it.
"""
