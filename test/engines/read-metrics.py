"""Reads all Parquet of a ledger by real programs and compares it, bit for bit, with what was logged.

    read-metrics.py [--programs duckdb,pyarrow,pandas,polars] LEDGER EXPECTED [LEDGER EXPECTED ...]

Prints one JSON object: {"versions", "verdicts": [{"files", "rows", "queries": {"key", "step"}, "problems": [...]}, ...]}.
Exit code 0 when there are no problems, 1 when there are; 3, with {"missing": [...]}, when a program is not installed.
"""
import argparse
import importlib.util
import json
import os
import sys
import tempfile

PROGRAMS = ["duckdb", "pyarrow", "pandas", "polars"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", default=",".join(PROGRAMS))
    parser.add_argument("paths", nargs="*")
    arguments = parser.parse_args()
    programs = arguments.programs.split(",")
    # pyarrow also looks at schemas and row groups for all of them.
    needed = ["numpy", "pyarrow", *programs]
    missing = sorted({name for name in needed if importlib.util.find_spec(name) is None})
    if missing:
        finish({"missing": missing}, 3)
    from readers import READERS

    readers = [READERS[name]() for name in programs]
    pairs = zip(arguments.paths[::2], arguments.paths[1::2], strict=True)
    verdicts = [check_ledger(ledger, expected, readers) for ledger, expected in pairs]
    problems = any(verdict["problems"] for verdict in verdicts)
    finish({"versions": {reader.name: reader.version for reader in readers}, "verdicts": verdicts}, 1 if problems else 0)


def check_ledger(ledger, expected_path, readers):
    """Reads every file by every program."""
    from attempt import attempt
    from expected import difference, join, read_expected
    from promised import broken_promises, other_types
    from pruning import check_pruning

    expected = read_expected(expected_path)
    problems, queries, count = [], {"key": 0, "step": 0}, 0
    files = parquet_files(ledger)
    for run in sorted(set(files) - set(expected)):
        problems.append(f"{run}: Parquet of a run that logged nothing")
    for run, rows in expected.items():
        paths = files.get(run, [])
        wrong = [] if paths else ["no Parquet"]
        for path in paths:
            wrong += attempt(lambda: broken_promises(path))
        found = {}
        for reader in readers:
            for path in paths:
                wrong += named(reader, attempt(lambda: other_types(reader, path)))

            def compare():
                found[reader.name] = [reader.rows(path) for path in paths]
                unlike = difference(rows, join(found[reader.name]))
                return [unlike] if unlike else []

            wrong += named(reader, attempt(compare))
        if not wrong:
            count += len(rows)
            # By now every program has read the same.
            for path, part in zip(paths, found[readers[0].name]):
                with tempfile.TemporaryDirectory() as scratch:
                    unpruned, by_key, by_step = check_pruning(path, part, readers, scratch)
                wrong += unpruned
                queries["key"] += by_key
                queries["step"] += by_step
        problems += [f"{run}: {problem}" for problem in wrong]
    return {
        "files": sum(len(paths) for paths in files.values()),
        "rows": count,
        "queries": queries,
        "problems": problems,
    }


def named(reader, problems):
    """Problems that one program has."""
    return [f"{reader.name}: {problem}" for problem in problems]


def parquet_files(ledger):
    """Paths of each run's files, in the order of their names."""
    files = {}
    for run in sorted(os.listdir(os.path.join(ledger, "runs"))):
        for directory, _, names in sorted(os.walk(os.path.join(ledger, "runs", run))):
            paths = [os.path.join(directory, name) for name in sorted(names) if name.endswith(".parquet")]
            if paths:
                files.setdefault(run, []).extend(paths)
    return files


def finish(report, code):
    print(json.dumps(report))
    sys.exit(code)


main()
