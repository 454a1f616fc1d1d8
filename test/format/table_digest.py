"""Prints the digest of each table of a JSON list, as FORMAT.md describes it. Written from that document alone.

A table is {"rows": 2, "columns": {"a": [cell, ...]}}. A cell is null, true, false, a text, or a list of a kind and a
value: ["number", hex of a float64], ["bigint", digits], ["bytes", hex], ["date", ms], ["list", cells], ["object", {}].
"""
import hashlib, json, struct, sys


def units(name): return name.encode("utf-16-be", "surrogatepass")
def count(number): return struct.pack("<Q", number)
def counted(data): return count(len(data)) + data


def form(cell):
    if cell is None: return b"\x00"
    if isinstance(cell, bool): return b"\x02" if cell else b"\x01"
    if isinstance(cell, str): return b"\x05" + counted(cell.encode("utf-8", "surrogatepass"))
    kind, value = cell
    if kind == "number": return b"\x03" + bytes.fromhex(value)
    if kind == "bigint" and abs(int(value)) < 2**53: return b"\x03" + struct.pack("<d", float(int(value)))
    if kind == "bigint": return b"\x04" + counted(value.encode())
    if kind == "bytes": return b"\x06" + counted(bytes.fromhex(value))
    if kind == "date": return b"\x07" + struct.pack("<d", value)
    if kind == "list": return b"\x08" + count(len(value)) + b"".join(map(form, value))
    members = sorted(((units(name), name) for name in value if value[name] is not None))
    return b"\x09" + count(len(members)) + b"".join(form(name) + form(value[name]) for _, name in members)


def digest(rows, columns):
    named = sorted((units(name), name) for name in columns if any(cell is not None for cell in columns[name]))
    hashed = hashlib.sha256(b"runledger table 1\n" + count(rows) + count(len(named)))
    for _, name in named:
        column = hashlib.sha256(b"".join(map(form, columns[name]))).hexdigest()
        hashed.update(counted(name.encode()) + column.encode())
    return "table-sha256:" + hashed.hexdigest()


print(json.dumps([digest(table["rows"], table["columns"]) for table in json.load(sys.stdin)]))
