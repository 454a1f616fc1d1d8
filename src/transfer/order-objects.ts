import { storedKind } from "../journal/inventory.ts";
import { parseRunDocumentKey } from "../journal/run-document.ts";
import { parseSegmentKey } from "../journal/segment.ts";
import { runPrefix } from "../journal/run-created.ts";
import type { CopiedObject } from "./copy-object.ts";

/** What decides in which order the objects of a run are stored. */
export interface OrderedRun {
  readonly id: string;
  /** Whether readers of the target see the run already. */
  readonly isVisible: boolean;
  readonly isFork: boolean;
  /** The names of the segments that the newest document lists. */
  readonly documented: ReadonlySet<string>;
  /** The writers that are new in the target, in the order in which their sessions began. */
  readonly writers: readonly string[];
}

/**
 * Returns the objects of a run in groups. The objects of a group may be stored in any order, those of the next group only
 * when they are there. A run without its beginning and without a document shows nowhere. Once it shows, what readers see
 * after each object is what the run was at some time: so a journal comes after the journals and the document that it
 * counts on, and a fence after the journals that it ends.
 *
 * A document is whole without the beginning if the points are in files, and a beginning with files of points but without a
 * document is damaged. Journals are the other way round. Only the beginning says from where a fork inherits points: it
 * comes first then, too, because to lack the document is noticed, and to lack inherited points is not.
 */
export function orderObjects(objects: readonly CopiedObject[], run: OrderedRun): CopiedObject[][] {
  const { id, isVisible, isFork, documented, writers } = run;
  const nameOf = ({ key }: CopiedObject): string => key.slice(runPrefix(id).length + 1);
  const of = (...kinds: readonly string[]): CopiedObject[] =>
    objects.filter((each) => kinds.includes(storedKind(nameOf(each)) ?? ""));
  const places = new Map(writers.map((writer, i) => [writer, i]));
  const placeOf = ({ key }: CopiedObject): number => places.get(parseSegmentKey(key)?.writer ?? "") ?? -1;
  const journals = of("journal").sort((a, b) => placeOf(a) - placeOf(b) || (a.key < b.key ? -1 : 1));
  const before = journals.filter((each) => !isVisible || documented.has(nameOf(each)));
  const after = journals.filter((each) => !before.includes(each));
  const numberOf = ({ key }: CopiedObject): number => parseRunDocumentKey(key) ?? 0;
  const documents = of("document").sort((a, b) => numberOf(b) - numberOf(a));
  const fences = of("fence");
  const isSignature = ({ key }: CopiedObject): number => Number(key.includes("/signatures/"));
  // What the seal covers, the seal, signatures.
  const seals = of("seal")
    .sort((a, b) => isSignature(a) - isSignature(b) || (a.key > b.key ? -1 : 1))
    .map((each) => [each]);
  const beginning = of("beginning");
  const beginsFirst = isFork || of("metrics").length === 0;
  const groups = [
    of("media", "metrics", "overview", "records"),
    // In ascending order: readers that cannot list count on that.
    ...of("lifecycle").map((each) => [each]),
    isVisible ? [] : fences,
    ...(isVisible ? before.map((each) => [each]) : [before]),
    // The document of a sealed run lists it.
    of("sealing"),
    ...(isVisible ? [] : seals),
    beginsFirst ? beginning : [],
    documents.slice(0, 1),
    documents.slice(1),
    ...after.map((each) => [each]),
    isVisible ? fences : [],
    ...(isVisible ? seals : []),
    beginsFirst ? [] : beginning,
  ];
  return groups.filter((group) => group.length > 0);
}
