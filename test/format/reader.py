# Reads a run ledger as FORMAT.md describes it, and prints it as JSON. Usage: reader.py DIRECTORY
import base64, copy, hashlib, itertools, json, math, re, struct, unicodedata
from operator import itemgetter
from zlib import crc32
from decoding import (BAD, COMPACTED, CREATED, Cursor, DATASET, DEFINITION, Damaged, MANIFEST, MAX, N, NAME, Newer,
    RECORD, RICH, RUN, SHAPES, add_points, attempt, check, checked, content, device, encode, fits, good_event, has_type,
    is_a, is_other, known, listing, name_parts, numbers, pages, parse, placed, read, safe, unescape, unrepeated)
TWO64, BIG = 2.0**64, 2.0**960

def two_sum(a, b):
    total = a + b
    return total, (a - total) + b if abs(a) >= abs(b) else (b - total) + a
class State:  # ---- Summaries ---- What is known of the points of a metric: a point is its value, step and time
    def __init__(self, numbers=(0.0, 0.0, 0.0)):
        check(len(numbers) in (3, 6, 12) and has_type(list(numbers), "real[]"))
        check(all(number == number for number in numbers[4:5] + numbers[6:7] + numbers[9:10]))
        (self.count, self.sum, self.rest), self.last, self.min, self.max = (numbers[at:at + 3] for at in (0, 3, 6, 9))
    def later(self, point): return point if not self.last or point[1] >= self.last[1] else self.last
    def large(self): return bool(self.max) and (self.max[0] >= BIG or self.min[0] <= -BIG)
    def widen(self, low, high):
        if low and (not self.min or low[0] < self.min[0]): self.min = low
        if high and (not self.max or high[0] > self.max[0]): self.max = high
    def add(self, point):
        value, large = point[0], self.large()
        big = large or abs(value) >= BIG
        part = 1.0 if large or not big else TWO64
        if self.count == 0 and not big: self.sum, more = value, 0.0
        else: self.sum, more = two_sum(self.sum / part, value / TWO64 if big else value)
        self.rest, self.count, self.last = self.rest / part + more, self.count + 1, self.later(point)
        if value == value: self.widen(point, point)
    def merge(self, other):
        large = self.large(), other.large()
        self.widen(other.min, other.max)
        mine, its = (TWO64 if self.large() and not was else 1.0 for was in large)
        self.sum, more = two_sum(self.sum / mine, other.sum / its)
        self.rest = (self.rest / mine + other.rest / its) + more
        self.count, self.last = self.count + other.count, self.later(other.last)
    def summary(self, goal):
        last, low, high = (dict(zip(("value", "step", "time"), point)) for point in (self.last, self.min, self.max))
        mean = (self.sum + self.rest if math.isfinite(self.sum) and self.rest != 0 else self.sum) / self.count
        best = low if goal == "minimize" else high if goal == "maximize" else {}
        found = {"last": last, "mean": mean * TWO64 if self.large() else mean, "count": self.count, "min": low,
            "max": high, "best": best}
        return {name: value for name, value in found.items() if value != {}}
def fits_glob(name, glob):
    parts, found = {"**": ".*", "*": "[^/]*"}, re.findall(r"\*\*|\*|[^*]+", glob)
    return re.fullmatch("".join(parts.get(part) or re.escape(part) for part in found), name, re.S)
def goal_of(name, definitions):
    fit = [glob for glob in definitions if glob != name and fits_glob(name, glob)]
    goals = [definitions[glob]["goal"] for glob in fit + [name] if "goal" in definitions.get(glob, {})]
    return goals[-1] if goals else None
def summarize(record, parts):  # Sets `metrics` and `media`, of the states and the rich values of writers, in order
    metrics, media = {}, {}
    for states, rich in parts:
        for name, state in states.items():
            if name in metrics: metrics[name].merge(state)
            else: metrics[name] = copy.copy(state)
        for key, (total, _, kind, step, time, size, media_type) in rich.items():
            media[key] = {"type": kind, "count": total + (media[key]["count"] if key in media else 0),
                "last": {"step": step, "time": time, "size": size, "mediaType": media_type}}
    if media: record["media"] = media
    record["metrics"] = {name: state.summary(goal_of(name, record["metricDefinitions"]))
        for name, state in metrics.items()}

def add_damage(damage, item):
    same = [old for old in damage if old["kind"] == item["kind"]]
    if item["kind"] != "unknown" and any(all(old.get(name) == item.get(name) for name in ("key", "from", "to"))
        for old in same): return
    if len(same) < 100: damage.append({name: value for name, value in item.items() if name != "message"})
    else: same[99]["more"] = same[99].get("more", 0.0) + 1 + item.get("more", 0.0)
def limited(items):
    out = []
    for item in items: add_damage(out, item)
    return out
UNREAD = {"order": MAX, "fence": None, "next": 0, "events": [], "damage": []}
class Writer:  # ---- Journals ---- A writer: as `compacted` has it (`item`), and what its journal says
    def __init__(self, name, item=UNREAD, stats=None):
        self.id, self.order, self.fence, self.next = name, item["order"], item["fence"], int(item["next"])
        self.last, self.first, self.damage = item.get("lastTime"), MAX, limited(item["damage"])
        self.began, self.is_open = None, False  # of its segments: the first session's order, and whether there are any
        self.events, self.rich = list(item["events"]), list(item.get("mediaList", []))
        check(all(map(good_event, self.events + self.rich)) and all(event["kind"] == "media" for event in self.rich))
        own = {key: State(state) for key, state in item.get("metrics", {}).items()}, dict(item.get("media", {}))
        self.states, self.media = stats or own
        self.first_step = item.get("firstStep")
        self.points, self.counts = {}, {key: int(state.count) for key, state in self.states.items()}
    def of_kind(self, kind): return [event for event in self.events if event["kind"] == kind]
    def recovers(self): return any(event["mode"] == "recover" for event in self.of_kind("session"))
    def left(self): return any(event["next"] >= self.next for event in self.of_kind("leave"))
    def place(self, born):  # Finds `order` and `fence` after all records were read
        order = self.first if self.began is None else self.began
        if self.order == MAX and self.is_open: self.order = 0 if born["writer"]["id"] == self.id else order
        if self.fence is None: self.fence = (self.of_kind("session") or [{}])[0].get("fence", 0.0)
        return self.order
    def take_event(self, event):
        self.last, kind = event["time"], event["kind"]
        if kind == "beat": return
        if self.first == MAX: self.first = event["order"]
        if kind == "session" and self.began is None: self.began = event["order"]
        (self.rich if kind == "media" else self.events).append(event)
        if kind != "media": return
        count, *old = self.media.get(event["key"], [0.0, -1])
        new = [event[name] for name in ("n", "type", "step", "at", "size", "mediaType")]
        self.media[event["key"]] = [count + 1] + (new if new[0] >= old[0] else old)
    def take_row(self, step, time, pairs):
        self.last = time
        if self.first_step is None and any(name[:7] != "system/" for name, _ in pairs): self.first_step = step
        for name, value in pairs:
            self.states.setdefault(name, State()).add([value, step, time])
            self.points.setdefault(name, []).append((step, time, value))
    def define(self, cursor, names, shapes):
        while cursor.more():
            tag, number = cursor.varint(), cursor.varint()
            check(tag < 2)
            if tag: shapes[number] = [names[cursor.varint()] for _ in range(cursor.varint())]
            else: names[number] = cursor.text()
    def take_records(self, cursor, shapes, end, report):
        first, count, step, time = cursor.varint(), cursor.varint(), 0, 0
        at = first  # The number of the next record
        if first >= end: return
        if first > self.next:
            report("missing")
            self.next = first
        while cursor.more():
            tag, counts = cursor.varint(), self.next <= at < end
            check(tag > 1)
            if 5 <= tag <= 7: raise Newer()
            if tag == 2:
                event = cursor.take(cursor.varint())
                event = parse(event) if counts else None
                if counts and good_event(event): self.take_event(event)
                elif counts: report("unknown")
            elif tag == 3: step, time = cursor.number(), cursor.number()
            else: step, time = step + cursor.zigzag(), time + cursor.zigzag()
            check(safe(float(step)) and safe(float(time)))
            step, time, pairs = int(step), int(time), []
            if tag == 3: continue
            if tag == 4: pairs = [(cursor.text(), cursor.number()) for _ in range(cursor.varint())]
            if tag > 7:
                names = shapes[tag - 8]
                small = int.from_bytes(cursor.take((len(names) + 7) // 8), "little")
                pairs = [(name, cursor.number(*("f", 4) if small >> i & 1 else "d")) for i, name in enumerate(names)]
            if tag != 2 and counts: self.take_row(float(step), float(time), pairs)
            at += 1
            if counts: self.next = at
        check(at == first + count)
        self.next = max(self.next, min(at, end))
    def read_segment(self, run, name, is_last, end):
        key, names, shapes, magic = f"runs/{run}/journal/{name}", {}, {}, b"RLJOURN\1"
        data, base = read(key), crc32(f"{run}/{self.id}.{re.sub('^0+(?=[0-9])', '', name.split('.')[1])}".encode())
        self.is_open, size, found = True, len(data), False
        def right(start, stop): return crc32(data[start:stop], base).to_bytes(4, "little") == data[stop:stop + 4]
        def report(kind, start, stop):
            area = {} if kind == "unknown" else {"from": float(start), "to": float(stop)}
            if self.next < end: add_damage(self.damage, {"kind": kind, "key": key, **area})
        def of_frame(kind): report(kind, at, at if kind == "missing" else stop)
        at, bad = (8, None) if data.startswith(magic) else (0, 0)  # `bad` is where damage began
        if size < 8 and magic.startswith(data): return report("torn-tail", 0, size)
        while at < size:
            length = int.from_bytes(data[at:at + 4], "little")
            stop, fine = at + 12 + length, 1 <= length <= 1 << 24 and right(at, at + 4)
            if fine and stop <= size and right(at + 8, stop - 4):
                if bad is not None: report("corrupt", bad, at)
                try:
                    payload, kind = Cursor(data[at + 9:stop - 4]), data[at + 8]
                    check(kind)
                    if kind > 3: raise Newer()
                    if kind == 1: self.define(payload, names, shapes)
                    if kind == 2: self.take_records(payload, shapes, end, of_frame)
                except Newer: of_frame("newer")
                except BAD: of_frame("corrupt")
                at, bad, found = stop, None, True
                continue
            if bad is None and (size - at < 8 or fine and stop > size): return report("torn-tail", at, size)
            at, bad = at + 1, at if bad is None else bad
        if bad is not None and not found and data[:7] == magic[:7] and data[7:8] > b"\1": report("newer", 0, size)
        elif bad is not None: report("unreadable-tail" if is_last and any(data[bad:]) else "torn-tail", bad, size)

def merge(old, new):
    both = {key for key in new if is_a(new[key], dict) and is_a(old.get(key), dict)}
    return {**old, **{key: merge(old[key], value) if key in both else value for key, value in new.items()}}
def put(items, item, same):  # The place of the item that is the same, which is appended if there is none
    found = [i for i, old in enumerate(items) if all(old.get(name) == item.get(name) for name in same)]
    if not found: items.append(item)
    return found[0] if found else len(items) - 1
def jumps(clocks):  # `sum` of Python 3.12 rounds in another way
    totals = [0.0, 0.0]
    for i, event in enumerate(clocks): totals[i > 18] += event["jumpMs"]
    return totals[0] + totals[1]
def fold(born, writers, fences, begun):  # ---- Runs ---- The record of a run. `begun`: its first writer is there
    record = dict(known(born, "id name experiment note parent group jobType environment forkOf:fork"),
        status="running", startTime=born.get("startTime", born["createdAt"]), params=born.get("params", {}),
        tags=born.get("tags", {}), metricDefinitions={}, artifacts=[], inputs=[], datasets=[], dropped=0.0)
    people = [writer for writer in writers if not writer.recovers()]
    order = sorted((writer.fence, event["order"], i, n) for i, writer in enumerate(writers)
        for n, event in enumerate(writer.events))
    for fence, _, i, n in order:
        event, end = writers[i].events[n], None
        kind = event["kind"]
        if kind == "session" and event["mode"] != "recover": record["status"], end = "running", {}
        if kind == "params": record["params"] = merge(record["params"], event["set"])
        if kind == "note": record["note"] = event["text"]
        if kind == "environment": record["environment"] = {**record.get("environment", {}), **event["set"]}
        if kind == "code": record["code"] = known(event["code"], SHAPES["code"])
        if kind == "dropped": record["dropped"] += event["points"]
        if kind == "metric": record["metricDefinitions"].setdefault(event["name"], {}).update(known(event, DEFINITION))
        if kind == "tags":
            tags, removed = {**record["tags"], **event.get("set", {})}, event.get("remove", [])
            record["tags"] = {key: tag for key, tag in tags.items() if key not in removed}
        if kind in ("artifact", "input"):
            versions, version = record[kind + "s"], known(event["version"], SHAPES["version"])
            versions[put(versions, version, ("name", "version", "digest"))] = version
        if kind == "dataset":
            new = known(event, DATASET)
            place = put(record["datasets"], dict(new, time=event["time"]), ("name", "digest", "context"))
            record["datasets"][place].update(new)
        if kind == "finish" or kind == "interrupted" and record["status"] == "running" and not any(
            writer.next > event["positions"].get(writer.id, 0) for writer in people if writer.fence >= fence):
            record["status"] = event.get("status", kind)
            end = {"endTime": event.get("endTime", event["time"])}
            if kind == "finish": end.update(known(event, "error:error"))
        if end is not None:
            record = {name: value for name, value in record.items() if name not in ("endTime", "error")}
            record.update(end)
    is_open = any(writer.fence >= fences and not writer.of_kind("finish") and not writer.left() for writer in people)
    signs = [(writer.last, jumps(writer.of_kind("clock"))) for writer in people if writer.last is not None]
    signs.append((born["createdAt"], 0))
    record["lastActivity"] = max(last for last, _ in signs)
    is_begun = any(writer.fence >= fences for writer in people) if fences else begun
    if record["status"] == "running" and not is_open and is_begun:
        record.update(status="interrupted", endTime=max(last - jump for last, jump in signs))
    if "endTime" in record: record["endTime"] = max(record["endTime"], record["startTime"])
    summarize(record, [(writer.states, writer.media) for writer in writers])
    return record

def stats_of(run, item):  # By writer its states and rich values, of an object with summaries
    return {writer: ({row[0]: State(row[1:]) for row in rows if len(row) != 8},
        {row[0]: row[1:] for row in rows if len(row) == 8}) for writer, rows in pages(run, item, True).items()}
def beginning(run):
    found = checked(f"runs/{run}/run.created.json", 48 << 20)
    check(fits(found, CREATED) and found["id"] == run)
    return found
def can_begin(run):
    try: return bool(beginning(run))
    except (*BAD, Newer): return False
NOTHING = {"metrics": [], "writers": [], "ends": {}, "media": [], "events": []}
def read_document(run, name):  # A run document. In place of names of objects it has the items of `objects`
    doc = checked(f"runs/{run}/{name}", 128 << 20, 8_000_000)
    record, part = doc["record"], doc.get("compacted", NOTHING)
    check(record["id"] == run and fits(record, RECORD) and ("metrics" in record or "summaries" in doc))
    check(fits(part, COMPACTED) and fits(doc, "objects:stored[] summaries?"))
    objects = {item["name"]: item for item in doc["objects"]}
    check(len(objects) == len(doc["objects"]))
    if "summaries" in doc: doc["summaries"] = objects[doc["summaries"]]
    part.update({name: objects[part[name]] for name in ("overview", "summaries") if name in part})
    part.update({name: [objects[item] for item in part[name]] for name in ("metrics", "media", "events")})
    check(all(item["name"].endswith(".parquet") for item in part["metrics"]))
    check(all(item["name"][:8] == "metrics-" for item in part["media"] + part["events"]))
    check(len({Writer(item["writer"], item).id for item in part["writers"]}) == len(part["writers"]))
    check(all(has_type(item["damage"], "damage[]") for item in part["writers"]))
    return doc
class Names:  # Of a run: `segments` by writer and number, `ends` by writer, `documents` and `markers` by number
    def __init__(self, names):
        self.sizes, self.ends, self.fences, segments = names, {}, 0, []
        self.documents, self.markers, self.points = {}, {}, False
        for name, size in names.items():
            found = name_parts(name, rf"{NAME}|lifecycle/(?P<marker>{N})\.json")
            if not found: continue
            before, seq = numbers(found)
            if found["writer"]: segments.append((found["writer"], seq, -before, name, size))
            if found["shut"]: self.ends[found["shut"]] = min(int(found["next"]), self.ends.get(found["shut"], MAX))
            if found["document"]: self.documents[int(found["n"] or 1)] = name
            if int(found["marker"] or 0): self.markers[int(found["marker"])] = name
            self.fences, self.points = max(self.fences, int(found["fence"] or 0)), self.points or found["points"]
        self.segments = unrepeated(segments)
        self.last = dict(sorted(self.segments))  # By writer its last segment
    def has(self, writer, before, seq, size, least=0):  # Whether a segment holds all that one has of these numbers
        return any(who == writer and low <= before and (found >= least if to > seq else to == seq and found >= size)
            for (who, to), (_, found, low) in self.segments.items())
    def whole(self, ends):  # Whether the journals hold what was compacted
        return all(self.has(writer, seq - 1, seq, *((end["bytes"],) if seq + 1 == end["segments"] else (1, 1)))
            for writer, end in ends.items() for seq in range(int(end["segments"])))
def lost_records(names, writers, newest):  # What events say that is not there
    wanted, sessions = {}, [event for writer in writers for event in writer.of_kind("session")]
    for event in sessions + [event for writer in writers for event in writer.of_kind("interrupted")]:
        for name, number in event.get("positions", {}).items(): wanted[name] = max(number, wanted.get(name, 0))
    wanted.update(names.ends)
    reached = {writer.id: writer.next for writer in writers}
    lost = ["journal/" + name for name, number in wanted.items() if reached.get(name, 0) < number]
    late = [event["document"] for event in sessions if event.get("document", 0) > newest and event.get("writers", 0) >
        sum(writer.next > 0 and writer.order < event["order"] for writer in writers)]
    return lost + ["run.%04d.json" % max(late) if max(late) > 1 else "run.json"] if late else lost
def read_run(run, names):  # What is printed of a run, or None if there is none
    top, newest, done = f"runs/{run}/", max(names.documents, default=0), NOTHING
    lost, covers, totals, stats = [], {}, {}, {}
    check(newest or not names.points or any(names.ends.get(writer) != 0 for writer, _ in names.segments))
    doc = attempt(None, read_document, run, names.documents[newest]) if newest else None
    check(doc or not newest or not names.points)
    if doc:
        done = doc.get("compacted", NOTHING)
        covers = {item["name"]: item["size"] for item in doc["objects"] if item["name"][:8] == "journal/"}
        single = (doc, "summaries"), (done, "overview"), (done, "summaries")
        needed = [part[name] for part, name in single if name in part]
        needed += done["metrics"] + done["media"] + done["events"]
        lost = [item["name"] for item in needed if item["name"] not in names.sizes]
        parts = {name: name_parts(name) for name in covers}
        cut = [name for name, it in parts.items() if not names.has(it["writer"], *numbers(it), covers[name])]
        if lost and not cut and names.whole(done["ends"]): doc, lost, done = None, [], NOTHING
        lost += cut
    if doc:
        reach = {item["writer"]: item["next"] for item in done["writers"]}
        lost += ["journal/" + writer for writer, end in names.ends.items() if writer not in names.last and
            reach.get(writer, 0) < end]
        if "summaries" in doc: totals = stats_of(run, doc["summaries"])
        if "summaries" in done: stats = stats_of(run, done["summaries"])
    def packed(writer, seq, size):
        left = done["ends"].get(writer, {"segments": 0})["segments"] - 1 - seq
        return left > 0 or left == 0 and size <= done["ends"][writer]["bytes"]
    rest = {place: found for place, found in names.segments.items() if not packed(*place, found[1])}
    sealed = doc and any(item["name"] == "sealing.json" for item in doc["objects"])
    if sealed: rest = {place: found for place, found in rest.items() if found[0] in covers}
    current = doc and doc["record"]["status"] != "running" and all(sealed or size <= covers.get(name, -1)
        for name, size, _ in rest.values()) and (lost or all(it["kind"] != "missing" for it in doc["record"]["damage"]))
    compacted = [Writer(item["writer"], item, stats.get(item["writer"])) for item in done["writers"]]
    writers, born, code = {writer.id: writer for writer in compacted}, None, "CORRUPT"
    if not current and "run.created.json" not in names.sizes: return None
    try: born = beginning(run)
    except (Damaged, Newer) as problem:
        if not current: raise
        code = problem.code
    for writer, seq in sorted(rest) if born else []:
        writers.setdefault(writer, Writer(writer)).read_segment(run, rest[writer, seq][0][8:],
            seq == names.last[writer], names.ends.get(writer, MAX + 1))
    order = sorted(writers.values(), key=lambda writer: (writer.place(born), writer.id))
    if current:
        record, damage = {"datasets": [], **doc["record"]}, doc["record"]["damage"]
        if "summaries" in doc: summarize(record, totals.values())
    else:
        record = fold(born, order, names.fences, born["writer"]["id"] in writers)
        damage = [item for writer in order for item in writer.damage]
        lost += lost_records(names, order, newest)
    record["damage"] = limited(damage + [{"kind": "missing", "key": top + name} for name in lost])
    record.pop("deletedAt", None)
    if names.markers:
        last, marker = max(names.markers), checked(top + names.markers[max(names.markers)], 4096)
        check(fits(marker, "run n:count deleted:bool time:number") and (marker["run"], marker["n"]) == (run, last))
        if marker["deleted"]: record["deletedAt"] = marker["time"]
    files, cuts = [item for item in done["metrics"] if item["name"] in names.sizes], replaced(order)
    if not born and (rest or not files): found = latest = code
    else:
        found = attempt("CORRUPT", histories, run, files, compacted if rest or not files else None, order, {})
        latest = attempt("CORRUPT", histories, run, files, compacted, order, cuts) if born else code
        if not cuts: latest = found
    media = [item for item in done["media"] if item["name"] in names.sizes]
    is_whole = born or code == "CORRUPT" and done is not NOTHING and not rest
    return {"record": record, "histories": found, "latest": latest,
        "media": attempt("CORRUPT", rich, run, media, order) if is_whole else code}

def replaced(writers):  # By writer those that replace its points
    people, ends, out = {writer.id: writer for writer in writers if not writer.recovers()}, {}, {}
    def end(name, order): ends[name] = min(order, ends.get(name, math.inf))
    for writer in writers:
        for event in writer.events:
            if event["kind"] == "finish" or event["kind"] == "leave" and event["next"] >= writer.next:
                end(writer.id, event["order"] + 1)
            for name, number in event.get("positions", {}).items():
                if name in people and name != writer.id and people[name].next <= number: end(name, event["order"])
    for writer in people.values():
        for other in people.values():
            if other.fence > writer.fence: end(writer.id, other.order)
        later = [other for other in people.values() if other.first_step is not None and
            other.order > writer.order and other.order >= ends.get(writer.id, math.inf)]
        if later: out[writer.id] = later
    return out
def histories(run, files, compacted, order, cuts):  # Without `compacted` the files alone have the points
    stored, out = {}, {}
    for item in files: add_points(read(f"runs/{run}/{item['name']}", int(item["size"])), run, stored)
    if compacted is None: return {key: sorted(rows, key=itemgetter(0)) for key, rows in stored.items()}
    for key in set(stored).union(*(writer.points for writer in order)):
        rows, left, parts = [], iter(stored.get(key, [])), {}
        for writer in compacted: parts[writer.id] = list(itertools.islice(left, writer.counts.get(key, 0)))
        own = {writer.id: parts.get(writer.id, []) + writer.points.get(key, []) for writer in order}
        for writer in order:
            to = min(((own[it.id] or [[it.first_step]])[0][0] for it in cuts.get(writer.id, [])), default=math.inf)
            rows += [row for row in own[writer.id] if row[0] < to or key[:7] == "system/"]
        if rows or not cuts: out[key] = sorted(rows, key=itemgetter(0))
    return out

def origin(run):  # Where a run was forked
    try: return beginning(run).get("forkOf")
    except (Damaged, Newer): return None
def inherit(runs, name):  # Puts the points that forks inherit before their own
    own = {run: found.get(name) for run, found in runs.items()}
    for run in [run for run in runs if is_a(own[run], dict)]:
        fork, to, parts, seen = origin(run), math.inf, [own[run]], {run}
        while fork and fork["run"] not in seen and len(parts) <= 100:
            seen.add(fork["run"])
            to, old = min(to, fork["step"]), own.get(fork["run"])
            inherited = old.items() if is_a(old, dict) else []
            parts.insert(0, {key: [row for row in rows if row[0] <= to] for key, rows in inherited})
            fork = origin(fork["run"])
        if len(parts) == 1: continue
        joined = {key: [row for part in parts for row in part.get(key, [])] for key in set().union(*parts)}
        runs[run][name] = {key: sorted(rows, key=itemgetter(0)) for key, rows in joined.items() if rows}
def series(rows):
    columns = list(zip(*rows)) or [(), (), ()]
    return {name: base64.b64encode(struct.pack(f"<{len(rows)}d", *column)).decode()
        for name, column in zip(("steps", "times", "values"), columns)}
def printed(run):  # With series in place of points, and of `latest` only what differs
    if "record" not in run: return run
    both = {name: run[name] if is_a(run[name], str) else {key: series(rows) for key, rows in run[name].items()}
        for name in ("histories", "latest")}
    whole, latest = both["histories"], both["latest"]
    if is_a(latest, dict): both["latest"] = {key: latest.get(key) for key in whole if latest.get(key) != whole[key]}
    if latest == whole or not both["latest"]: del both["latest"]
    return {"record": run["record"], "media": run["media"], **both}
def rich(run, files, order):
    stored = [pages(run, item) for item in files]
    own = [writer.rich + [event for page in stored for event in page.get(writer.id, [])] for writer in order]
    events = [event for events in own for event in sorted(events, key=itemgetter("n"))]
    events.sort(key=itemgetter("step"))
    rows = [dict(known(event, RICH), time=event["at"], **placed(run, event)) for event in events]
    return [dict(row, content=content(row)) for row in rows]
# ---- Artifacts ----
def above(path): return [path[:i] for i, char in enumerate(path) if char == "/"]
def unportable(paths):  # Those of the paths that some systems cannot hold
    found, folded, out = {}, [unicodedata.normalize("NFC", path.upper().lower()) for path in paths], set()
    for path, plain in zip(paths, folded): found.setdefault(plain, []).append(path)
    for path, plain in zip(paths, folded):
        others = [other for folder in above(plain) for other in found.get(folder, [])]
        strange = any(re.search(r'[<>:"|?*]|[. ]$', part) or device(part, " *") for part in path.split("/"))
        if others or strange or len(found[plain]) > 1: out.update(others + [path])
    return out
def read_version(key, name, number):  # The version that a manifest tells of
    manifest = checked(key, 64 << 20, 10_000_000)
    check(fits(manifest, MANIFEST) and (manifest["name"], manifest["version"]) == (name, number))
    packs = [dict(pack, n=n) for n, pack in enumerate(manifest.get("packs", []))]
    files = [dict(file, pack="in" in file and packs[int(file["in"])]) for file in manifest["files"]]
    for pack in packs:
        held = {(file["at"], file["size"], file["digest"]) for file in files if file["pack"] == pack}
        check(sum(it[1] for it in held) <= pack["size"] and all(it[0] + it[1] <= pack["size"] for it in held))
    raw, paths = [file["path"].encode() for file in files], {file["path"] for file in files}
    check(raw == sorted(set(raw)) and not any(folder in paths for path in paths for folder in above(path)))
    check(not manifest["single"] or len(files) == 1 and files[0]["digest"] == manifest["digest"])
    out, bad = known(manifest, "name digest type? description? metadata createdAt runId?"), unportable(sorted(paths))
    lines = ['["%s",%d,"%s"]\n' % (file["path"].replace('"', r'\"'), file["size"], file["digest"][7:])
        for file in files]
    if not manifest["single"] and hashlib.sha256("".join(lines).encode()).hexdigest() != out["digest"][7:]:
        out["error"] = "CORRUPT"
    else: out["files"] = [dict(known(file, "path size digest"), content=content(file), **({"portable": False}
        if file["path"] in bad or "portable" in file else {})) for file in files]
    data, size = read(key), sum((file["size"] for file in files), 0.0)
    check(safe(size))
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return dict(out, size=size, manifest={"key": key, "size": float(len(data)), "digest": digest})
def read_aliases(moves):  # By name and version the aliases that name it now: those whose first key says so
    named = {}
    for (name, alias), versions in moves.items(): named.setdefault((name, min(versions)[1]), []).append(alias)
    return named
def read_artifacts():
    manifests, moves, out, version = {}, {}, {}, r"v(?:0|[1-9][0-9]{0,7})(?:\.[0-9a-z]{1,64})?"
    for key in listing("artifacts"):
        found = re.fullmatch(rf"([^/]+)/aliases/([^/]+)/([0-9]{{8}})\.({version})", key)
        name, alias = (attempt(None, unescape, found and found[i]) for i in (1, 2))
        if name and alias: moves.setdefault((name, alias), []).append((found[3], found[4]))
        found = re.fullmatch(r"([^/]+)/versions/([0-9]{6})/([0-9]{2})(?:\.([0-9a-z]{1,64}))?\.(json|removed)", key)
        name = attempt(None, unescape, found and found[1])
        if name: manifests.setdefault(name, {}).setdefault((99_999_999 - int(found[2] + found[3]), found[4] or ""),
            {})[found[5]] = key
    named = read_aliases(moves)
    for name, keys in manifests.items():
        for (number, ident), key in sorted((of, forms["json"]) for of, forms in keys.items() if "removed" not in forms):
            is_double = len([other for other in keys if other[0] == number]) > 1
            version = f"v{number}" + ("." + ident if ident and is_double else "")
            aliases = sorted(named.get((name, version), []), key=lambda text: text.encode("utf-16-be"))
            try: found = dict(read_version("artifacts/" + key, name, number), version=version, aliases=aliases)
            except (*BAD, Newer): continue
            out.setdefault(name, []).append(found)
    return out

def main():
    names, runs = {}, {}
    for key, size in listing("runs").items():
        run, _, name = key.partition("/")
        if re.fullmatch(RUN, run) and not device(run): names.setdefault(run, {})[name] = size
    try: checked("ledger.json", 64 << 10, version="version")
    except (Damaged, Newer) as problem:  # A ledger with a run that can be read outlives the loss of its marker
        if is_a(problem, Newer) or is_other() or not any(map(can_begin, names)): return {"error": problem.code}
    for run, of_run in names.items():
        if "purged.json" in of_run: continue
        try: runs[run] = read_run(run, Names(of_run))
        except (*BAD, Newer) as problem: runs[run] = {"error": getattr(problem, "code", "CORRUPT")}
    runs = {run: found for run, found in runs.items() if found}
    for name in ("histories", "latest"): inherit(runs, name)
    return {"runs": {run: printed(found) for run, found in runs.items()}, "artifacts": read_artifacts()}

print(json.dumps(encode(main())))
