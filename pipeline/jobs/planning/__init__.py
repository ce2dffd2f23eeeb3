"""What a job makes and costs: plans, names of outputs, estimates of memory, disk and time.

Nothing here writes a file or loads TensorFlow.
"""
