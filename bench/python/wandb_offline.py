"""Logs a workload with wandb offline: wandb_offline.py DATA DIRECTORY. Ends with code 3 when wandb is not installed."""
import json
import os
import sys
import time

from workload import read_workload

data, directory = sys.argv[1:]
own = os.path.join(directory, "own")
os.environ.update(
    WANDB_MODE="offline",
    WANDB_SILENT="true",
    WANDB_CACHE_DIR=own,
    WANDB_CONFIG_DIR=own,
    WANDB_DATA_DIR=own,
    WANDB_DISABLE_GIT="true",
    WANDB_DISABLE_CODE="true",
    WANDB_ERROR_REPORTING="false",
)
try:
    import wandb
except ImportError:
    sys.exit(3)

keys, steps, _, rows = read_workload(data)
calls = [dict(zip(keys, row)) for row in rows]
os.makedirs(own, exist_ok=True)
stored = os.path.join(directory, "stored")
os.makedirs(stored)
settings = wandb.Settings(x_disable_stats=True, x_disable_meta=True, console="off")
run = wandb.init(project="bench", dir=stored, settings=settings)
start = time.perf_counter_ns()
for step, call in zip(steps, calls):
    run.log(call, step=step)
run.finish()
took = time.perf_counter_ns() - start
print(json.dumps({"nanoseconds": took, "version": wandb.__version__}))
