"""The columns as the format promises them, looked up in the file itself and asked of each program."""
import pyarrow
import pyarrow.parquet

PROMISED = {
    "run_id": ("BYTE_ARRAY", "String"),
    "key": ("BYTE_ARRAY", "String"),
    "step": ("INT64", None),
    "time": ("INT64", "Timestamp(isAdjustedToUTC=true, timeUnit=milliseconds)"),
    "value": ("DOUBLE", None),
}


def broken_promises(path):
    """What is not as promised in a file's schema and statistics, in words."""
    file = pyarrow.parquet.ParquetFile(path)
    schema = file.schema
    names = [schema.column(i).name for i in range(len(schema))]
    if names != list(PROMISED):
        yield f"the columns are {names}"
        return
    for i, (name, (physical, logical)) in enumerate(PROMISED.items()):
        column = schema.column(i)
        if column.physical_type != physical:
            yield f"{name} is {column.physical_type}, not {physical}"
        if column.max_definition_level != 0:
            yield f"{name} is not required"
        if logical is not None and not str(column.logical_type).startswith(logical[:-1]):
            yield f"{name} is {column.logical_type}, not {logical}"
    for group in range(file.metadata.num_row_groups):
        for i, name in enumerate(names):
            statistics = file.metadata.row_group(group).column(i).statistics
            if name != "value" and not (statistics and statistics.has_min_max):
                yield f"row group {group} has no statistics of {name}"


def other_types(reader, path):
    """Where a program sees another type than it should."""
    schema = reader.schema(path)
    for name, kind in reader.types.items():
        if schema.get(name) != kind:
            yield f"{name} is {schema.get(name)}, not {kind}"
