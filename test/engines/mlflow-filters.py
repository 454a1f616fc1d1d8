"""Lets MLflow search runs, in its file store and in SQLite.

mlflow-filters.py --check   ends with 3 and says what is missing, if anything is
mlflow-filters.py           reads {"runs", "queries"} from standard input and writes, for each store, the ids that the runs got
                            and of each query the numbers of the runs it finds, in order, or the error as text

In a query, {id3} stands for the id of the fourth run.
"""

import json
import logging
import os
import sys
import tempfile

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
logging.disable(logging.WARNING)

try:
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunStatus, RunTag, ViewType
    from mlflow.exceptions import MlflowException
    from mlflow.store.tracking.file_store import FileStore
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
except ImportError as error:
    print(json.dumps({"missing": [error.name or str(error)]}))
    sys.exit(3)


def create(store, run, experiment):
    created = store.create_run(experiment, "ada", run["start"], [], run["name"])
    run_id = created.info.run_id
    store.log_batch(
        run_id,
        metrics=[Metric(key, float(value), run["start"], 0) for key, value in run["metrics"].items()],
        params=[Param(key, value) for key, value in run["params"].items()],
        tags=[RunTag(key, value) for key, value in run["tags"].items()],
    )
    datasets = [
        DatasetInput(
            Dataset(entry["name"], entry["digest"], "local", "{}"),
            [InputTag("mlflow.data.context", entry["context"])] if "context" in entry else [],
        )
        for entry in run["datasets"]
    ]
    if datasets:
        store.log_inputs(run_id, datasets)
    store.update_run_info(run_id, RunStatus.from_string(run["status"]), run.get("end"), run["name"])
    return run_id


def search(store, query, ids, experiment):
    text = query["filter"]
    for number, run_id in enumerate(ids):
        text = text.replace("{id%d}" % number, run_id)
    try:
        found = store.search_runs([experiment], text, ViewType.ACTIVE_ONLY, 1000, query["orderBy"])
    except MlflowException as error:
        return str(error)
    return [ids.index(run.info.run_id) for run in found]


def answers(store, task):
    experiment = store.create_experiment("filters")
    ids = [create(store, run, experiment) for run in task["runs"]]
    return {"ids": ids, "results": [search(store, query, ids, experiment) for query in task["queries"]]}


def main():
    if sys.argv[1:] == ["--check"]:
        return
    task = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as directory:
        file_store = FileStore(os.path.join(directory, "files"))
        sqlite_store = SqlAlchemyStore("sqlite:///" + os.path.join(directory, "runs.db"), os.path.join(directory, "artifacts"))
        found = {"file": answers(file_store, task), "sqlite": answers(sqlite_store, task)}
        sqlite_store.engine.dispose()
    json.dump(found, sys.stdout)


main()
