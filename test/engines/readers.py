"""One way for each program to read a file, whole or filtered, and what type it says each column has."""
import importlib

import numpy

from expected import Rows

COLUMNS = ["run_id", "key", "step", "time", "value"]


class Pyarrow:
    """pyarrow's datasets."""

    name = "pyarrow"
    types = {"run_id": "string", "key": "string", "step": "int64", "time": "timestamp[ms, tz=UTC]", "value": "double"}

    def __init__(self):
        self.arrow = importlib.import_module("pyarrow")
        self.dataset = importlib.import_module("pyarrow.dataset")
        self.version = self.arrow.__version__

    def rows(self, path, key=None, steps=None):
        field = self.dataset.field
        chosen = None
        if key is not None:
            chosen = field("key") == key
        if steps is not None:
            chosen = (field("step") >= steps[0]) & (field("step") <= steps[1])
        return arrow_rows(self.dataset.dataset(path, format="parquet").to_table(columns=COLUMNS, filter=chosen))

    def schema(self, path):
        schema = self.dataset.dataset(path, format="parquet").schema
        return {field.name: str(field.type) for field in schema}


class Pandas:
    """pandas, which reads by pyarrow."""

    name = "pandas"
    types = {"run_id": "str", "key": "str", "step": "int64", "time": "datetime64[ms, UTC]", "value": "float64"}

    def __init__(self):
        self.pandas = importlib.import_module("pandas")
        self.version = self.pandas.__version__

    def rows(self, path, key=None, steps=None):
        filters = None
        if key is not None:
            filters = [("key", "==", key)]
        if steps is not None:
            filters = [("step", ">=", steps[0]), ("step", "<=", steps[1])]
        return frame_rows(self.pandas.read_parquet(path, engine="pyarrow", columns=COLUMNS, filters=filters))

    def schema(self, path):
        return {name: str(dtype) for name, dtype in self.pandas.read_parquet(path, engine="pyarrow").dtypes.items()}


class Polars:
    """polars' lazy scan."""

    name = "polars"
    types = {
        "run_id": "String",
        "key": "String",
        "step": "Int64",
        "time": "Datetime(time_unit='ms', time_zone='UTC')",
        "value": "Float64",
    }

    def __init__(self):
        self.polars = importlib.import_module("polars")
        self.version = self.polars.__version__

    def rows(self, path, key=None, steps=None):
        scan = self.polars.scan_parquet(path).select(COLUMNS)
        if key is not None:
            scan = scan.filter(self.polars.col("key") == key)
        if steps is not None:
            scan = scan.filter(self.polars.col("step").is_between(*steps))
        frame = scan.collect()
        no_nulls(frame.null_count().row(0))
        return Rows(
            frame["run_id"].to_list(),
            frame["key"].to_list(),
            frame["step"].to_numpy(),
            frame["time"].cast(self.polars.Int64).to_numpy(),
            frame["value"].to_numpy().view(numpy.uint64),
        )

    def schema(self, path):
        return {name: str(dtype) for name, dtype in self.polars.scan_parquet(path).collect_schema().items()}


class DuckDB:
    """DuckDB's SQL."""

    name = "duckdb"
    types = {
        "run_id": "VARCHAR",
        "key": "VARCHAR",
        "step": "BIGINT",
        "time": "TIMESTAMP WITH TIME ZONE",
        "value": "DOUBLE",
    }

    def __init__(self):
        duckdb = importlib.import_module("duckdb")
        self.version = duckdb.__version__
        self.connection = duckdb.connect()

    def rows(self, path, key=None, steps=None):
        query, arguments = "SELECT run_id, key, step, epoch_ms(time) AS time, value FROM read_parquet(?)", [path]
        if key is not None:
            query, arguments = f"{query} WHERE key = ?", [path, key]
        if steps is not None:
            query, arguments = f"{query} WHERE step BETWEEN ? AND ?", [path, *steps]
        columns = self.connection.execute(query, arguments).fetchnumpy()
        no_nulls(numpy.ma.count_masked(columns[name]) for name in COLUMNS)
        return Rows(
            columns["run_id"].tolist(),
            columns["key"].tolist(),
            numpy.asarray(columns["step"]),
            numpy.asarray(columns["time"]),
            numpy.asarray(columns["value"]).view(numpy.uint64),
        )

    def schema(self, path):
        described = self.connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [path]).fetchall()
        return {name: kind for name, kind, *_ in described}


class Fastparquet:
    """fastparquet, which knows no BYTE_STREAM_SPLIT: for files written with PLAIN values. It says nothing of time zones."""

    name = "fastparquet"
    types = {"step": "int64", "time": "datetime64[ms]", "value": "float64"}

    def __init__(self):
        self.fastparquet = importlib.import_module("fastparquet")
        self.version = self.fastparquet.__version__

    def rows(self, path, key=None, steps=None):
        filters = []
        if key is not None:
            filters = [("key", "==", key)]
        if steps is not None:
            filters = [("step", ">=", steps[0]), ("step", "<=", steps[1])]
        file = self.fastparquet.ParquetFile(path)
        return frame_rows(file.to_pandas(columns=COLUMNS, filters=filters, row_filter=bool(filters)))

    def schema(self, path):
        dtypes = self.fastparquet.ParquetFile(path).to_pandas().dtypes
        return {name: str(dtype) for name, dtype in dtypes.items() if name in self.types}


READERS = {reader.name: reader for reader in (DuckDB, Pyarrow, Pandas, Polars, Fastparquet)}


def arrow_rows(table):
    """Rows of an Arrow table."""
    no_nulls(column.null_count for column in table.columns)
    return Rows(
        table["run_id"].to_pylist(),
        table["key"].to_pylist(),
        table["step"].to_numpy(),
        table["time"].cast("int64").to_numpy(),
        table["value"].to_numpy().view(numpy.uint64),
    )


def frame_rows(frame):
    """Rows of a pandas data frame."""
    no_nulls(frame[name].isna().sum() for name in COLUMNS if name != "value")
    return Rows(
        frame["run_id"].tolist(),
        frame["key"].tolist(),
        frame["step"].to_numpy(),
        frame["time"].astype("int64").to_numpy(),
        numpy.ascontiguousarray(frame["value"].to_numpy()).view(numpy.uint64),
    )


def no_nulls(counts):
    """A null among what never is one."""
    if any(counts):
        raise ValueError("there are nulls")
