"""Whether a filtered query reads only the row groups it needs: all others are made unreadable in a copy."""
import os

import numpy
import pyarrow.parquet

from attempt import attempt
from expected import difference

MOST_CASES = 6


def check_pruning(path, rows, readers, scratch):
    """Gives (problems, how many queries by key, by step) of a file whose rows are known."""
    groups = row_groups(path)
    problems, by_key, by_step = [], 0, 0
    for parity in (0, 1):
        damaged = [group for i, group in enumerate(groups) if i % 2 == parity]
        intact = [group for i, group in enumerate(groups) if i % 2 != parity]
        if not damaged or not intact:
            continue
        copy = damage(path, damaged, os.path.join(scratch, f"damaged-{parity}.parquet"))
        if reads_right(copy, damaged[0], rows):
            problems.append("the damage does no harm, so nothing is shown by what is read despite it")
        queries = [{"key": key} for key in keys_of(rows, intact, damaged)]
        by_key += len(queries)
        ranges = [{"steps": steps} for steps in steps_of(rows, intact, damaged)]
        by_step += len(ranges)
        for query in queries + ranges:
            wanted = rows.take(places_of(rows, **query))
            for reader in readers:
                wrong = attempt(lambda: filter(None, [difference(wanted, reader.rows(copy, **query))]))
                problems += [f"{reader.name}: {query} needs only intact row groups: {problem}" for problem in wrong]
    return problems, by_key, by_step


def row_groups(path):
    """For each row group: rows [from, to) and bytes [from, to) of its pages."""
    metadata = pyarrow.parquet.ParquetFile(path).metadata
    groups, row = [], 0
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        columns = [group.column(j) for j in range(group.num_columns)]
        starts = [column.dictionary_page_offset or column.data_page_offset for column in columns]
        ends = [start + column.total_compressed_size for start, column in zip(starts, columns)]
        groups.append({"number": i, "rows": (row, row + group.num_rows), "bytes": (min(starts), max(ends))})
        row += group.num_rows
    return groups


def damage(path, groups, copy):
    """Copies a file and overwrites the pages of some row groups."""
    with open(path, "rb") as file:
        content = bytearray(file.read())
    for group in groups:
        start, end = group["bytes"]
        content[start:end] = b"\xff" * (end - start)
    with open(copy, "wb") as file:
        file.write(content)
    return copy


def reads_right(copy, group, rows):
    """Whether the values of a damaged row group come back all the same."""
    try:
        table = pyarrow.parquet.ParquetFile(copy).read_row_group(group["number"], columns=["step"])
    except (OSError, ValueError):
        return False
    return numpy.array_equal(table["step"].to_numpy(), rows.steps[slice(*group["rows"])])


def keys_of(rows, intact, damaged):
    """Some keys that stand in intact row groups only."""
    lost = {rows.keys[i] for group in damaged for i in range(*group["rows"])}
    kept = sorted({rows.keys[i] for group in intact for i in range(*group["rows"])} - lost)
    return kept[:: max(1, len(kept) // MOST_CASES)]


def steps_of(rows, intact, damaged):
    """Ranges of steps of intact row groups that no damaged one reaches into."""

    def bounds(group):
        steps = rows.steps[slice(*group["rows"])]
        return int(steps.min()), int(steps.max())

    lost = [bounds(group) for group in damaged]
    kept = [bounds(group) for group in intact]
    free = [(low, high) for low, high in kept if all(high < a or low > b for a, b in lost)]
    return free[:MOST_CASES]


def places_of(rows, key=None, steps=None):
    """Where the rows are that a query asks for."""
    if key is not None:
        return [i for i, name in enumerate(rows.keys) if name == key]
    return numpy.flatnonzero((rows.steps >= steps[0]) & (rows.steps <= steps[1])).tolist()
