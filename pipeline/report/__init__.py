"""The report of a job: one HTML file that opens from disk, made from the journal and the job's files.

``job_record`` gathers, ``thumbnails`` and ``filmstrip`` make small pictures, ``curves`` draws, ``page`` fills
the template, and ``writing`` writes the file. Nothing here changes a job.
"""
