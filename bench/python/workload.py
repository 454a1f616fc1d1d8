"""Reads the file that bench/peers/python.ts writes, with nothing but Python's own modules."""
import array
import json
import struct


def read_workload(path):
    """Gives (keys, steps, times in ms, rows); a row is the values of all keys."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<I", file.read(4))
        head = json.loads(file.read(length))
        keys, rows = head["keys"], head["rows"]
        numbers = array.array("d")
        numbers.frombytes(file.read())
    width = len(keys)
    if len(numbers) != rows * (2 + width):
        raise ValueError("the file is not as long as its head says")
    steps = [int(step) for step in numbers[:rows]]
    times = [int(time) for time in numbers[rows : 2 * rows]]
    values = numbers[2 * rows :]
    return keys, steps, times, [values[i * width : (i + 1) * width].tolist() for i in range(rows)]
