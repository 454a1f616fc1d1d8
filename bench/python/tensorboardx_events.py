"""Logs a workload with tensorboardX: tensorboardx_events.py DATA DIRECTORY. Ends with code 3 when it is not installed."""
import json
import os
import sys
import time

from workload import read_workload

try:
    import tensorboardX
except ImportError:
    sys.exit(3)

data, directory = sys.argv[1:]
keys, steps, times, rows = read_workload(data)
start = time.perf_counter_ns()
writer = tensorboardX.SummaryWriter(os.path.join(directory, "stored"))
for step, ms, row in zip(steps, times, rows):
    for key, value in zip(keys, row):
        writer.add_scalar(key, value, step, walltime=ms / 1000)
writer.close()
took = time.perf_counter_ns() - start
print(json.dumps({"nanoseconds": took, "version": tensorboardX.__version__}))
