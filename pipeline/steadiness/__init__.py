"""How steady the pastiche of a clip is: measures, curves, table, JSON and plot.

It knows clips and flow, and nothing of jobs, which need nothing of it.
"""
