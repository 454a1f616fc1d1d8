#!/usr/bin/env bash
# install-engines.sh DIRECTORY: makes a Python environment there (about 1.3 GB) with the programs that test/engines lets
# read what the library stores, Spark among them, MLflow, which runs the same searches, and cryptography, which verifies seals. Spark's packages for S3 (20 MB) go to
# Ivy's cache. Three tries. Run as root where Java, Python or its venv module may have to be installed.
set -euo pipefail
. "$(dirname "$0")/installing.sh"

directory=${1:?usage: install-engines.sh DIRECTORY}
if [[ -e $directory && ! -e $directory/pyvenv.cfg && -n $(ls -A "$directory") ]]; then
  echo "install-engines: $directory holds something else" >&2
  exit 1
fi
packages=(duckdb==2.0.1 pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 fastparquet==2026.9.0)
packages+=(pyspark==4.3.0)
packages+=(cryptography==48.0.0)
packages+=(mlflow-skinny==3.17.2 sqlalchemy==2.1.9 alembic==1.20.1)

spark_packages() {
  "$directory/bin/python" -B - "$(dirname "$0")/../../docs/engines.md" <<'PYTHON'
import re, sys
from pyspark.sql import SparkSession

# As the document has them, up to where it names the server.
block = re.search(r"```python file=best_spark_s3.py\n(.*?)```", open(sys.argv[1], encoding="utf-8").read(), re.S)[1]
names = {}
exec("".join(line for line in block.splitlines(True) if re.match(r"SDK|PACKAGES", line)), names)
session = SparkSession.builder.master("local[1]").config("spark.jars.packages", ",".join(names["PACKAGES"]))
session.config("spark.jars.excludes", "software.amazon.awssdk:bundle").getOrCreate().stop()
PYTHON
}

install() {
  python_environment "$directory" || return 1
  need java default-jre-headless || return 1
  "$directory/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-binary pyspark "${packages[@]}" || return 1
  # For DuckDB in Node, which is of its version; what it depends on is DuckDB in Python, of another.
  "$directory/bin/pip" install --quiet --disable-pip-version-check --no-deps duckdb-extension-httpfs==1.5.5 || return 1
  "$directory/bin/python" -B "$(dirname "$0")/../engines/read-metrics.py" \
    --programs duckdb,pyarrow,pandas,polars,fastparquet || return 1
  "$directory/bin/python" -B "$(dirname "$0")/../engines/mlflow-filters.py" --check || return 1
  local output
  output=$(spark_packages 2>&1) || { echo "$output" >&2; return 1; }
}

three_tries install-engines install
