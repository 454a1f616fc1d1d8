"""What the ledger must hold, as the test that logged it wrote it down: read here with no Parquet in sight."""
import json

import numpy

NAN = numpy.uint64(0x7FF8000000000000)


class Rows:
    """Points in file order. `keys` is a list of str, the others are arrays: int64, int64 (ms) and the bits of float64."""

    def __init__(self, runs, keys, steps, times, bits):
        self.runs = list(runs)
        self.keys = list(keys)
        self.steps = numpy.asarray(steps, dtype=numpy.int64)
        self.times = numpy.asarray(times, dtype=numpy.int64)
        self.bits = one_nan(numpy.asarray(bits, dtype=numpy.uint64))

    def __len__(self):
        return len(self.keys)

    def take(self, places):
        """The rows at some places."""
        return Rows(
            [self.runs[i] for i in places],
            [self.keys[i] for i in places],
            self.steps[places],
            self.times[places],
            self.bits[places],
        )


def one_nan(bits):
    """Every NaN counts as the same one: which of its many forms comes back is promised by nobody."""
    return numpy.where(numpy.isnan(bits.view(numpy.float64)), NAN, bits)


def join(parts):
    """Rows one behind the other."""
    parts = list(parts)
    empty = numpy.zeros(0)
    return Rows(
        [run for part in parts for run in part.runs],
        [key for part in parts for key in part.keys],
        numpy.concatenate([part.steps for part in parts] or [empty]),
        numpy.concatenate([part.times for part in parts] or [empty]),
        numpy.concatenate([part.bits for part in parts] or [empty.view(numpy.uint64)]),
    )


def read_expected(path):
    """Gives, for each run, its rows: by key in the order of its UTF-8 bytes, then as they were logged."""
    with open(path, encoding="utf-8") as file:
        series = json.load(file)["series"]
    runs = {}
    for one in sorted(series, key=lambda one: one["key"].encode("utf-8")):
        bits = numpy.frombuffer(bytes.fromhex(one["values"]), dtype=">u8").astype(numpy.uint64)
        steps = [int(step) for step in one["steps"]]
        times = [int(time) for time in one["times"]]
        if not len(bits) == len(steps) == len(times):
            raise ValueError(f"the expected series {one['key']} has columns of different lengths")
        rows = Rows([one["run"]] * len(bits), [one["key"]] * len(bits), steps, times, bits)
        runs.setdefault(one["run"], []).append(rows)
    return {run: join(parts) for run, parts in runs.items()}


def difference(expected, found):
    """The first thing that is not as expected, in words; None when all is."""
    if len(expected) != len(found):
        return f"{len(found)} rows, not {len(expected)}"
    if expected.runs != found.runs:
        return describe("run_id", expected.runs, found.runs)
    if expected.keys != found.keys:
        return describe("key", expected.keys, found.keys)
    for name in ("steps", "times", "bits"):
        wanted, got = getattr(expected, name), getattr(found, name)
        if not numpy.array_equal(wanted, got):
            return describe(name, wanted.tolist(), got.tolist(), hex if name == "bits" else repr)
    return None


def describe(name, wanted, got, show=repr):
    """Names the first place where two lists differ."""
    place = next(i for i, (a, b) in enumerate(zip(wanted, got)) if a != b)
    return f"{name} of row {place} is {show(got[place])}, not {show(wanted[place])}"
