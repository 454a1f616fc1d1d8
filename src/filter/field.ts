import { type AttributeName, attributesByName, filterAttributes } from "./attributes.ts";

/**
 * Which number of a metric: its latest value, or a number over its whole history. `best` follows the goal of the
 * metric.
 */
export type Aggregate = "last" | "min" | "max" | "mean" | "best" | "count";

/** The part of a data set that a filter reads. */
export type DatasetPart = "name" | "digest" | "context";

/** What a filter or an order reads of a run. */
export type Field =
  | {
      /** An attribute of the run. */
      readonly kind: "attribute";
      /** The canonical name of the attribute. */
      readonly name: AttributeName;
    }
  | {
      /** A param. */
      readonly kind: "param";
      /** The path of the param, with dots: `optimizer.lr`. */
      readonly key: string;
    }
  | {
      /** A tag. */
      readonly kind: "tag";
      /** The key of the tag. */
      readonly key: string;
    }
  | {
      /** A metric. */
      readonly kind: "metric";
      /** The name of the metric. */
      readonly key: string;
      /** Which number of the metric. */
      readonly aggregate: Aggregate;
    }
  | {
      /** A data set of the run. */
      readonly kind: "dataset";
      /** The part of the data set. */
      readonly name: DatasetPart;
    };

/** The words before the dot of a field. */
const ENTITIES = byName<Field["kind"]>({
  metric: ["metrics"],
  param: ["params", "parameter", "parameters"],
  tag: ["tags"],
  attribute: ["attributes", "attr", "run"],
  dataset: ["datasets"],
});

function byName<T extends string>(names: Readonly<Record<T, readonly string[]>>): ReadonlyMap<string, T> {
  const entries = Object.entries(names) as [T, readonly string[]][];
  return new Map(entries.flatMap(([name, others]) => [name, ...others].map((each) => [each, name])));
}

export const AGGREGATES: readonly Aggregate[] = ["last", "min", "max", "mean", "best", "count"];
const DATASET_PARTS: readonly unknown[] = ["name", "digest", "context"] satisfies DatasetPart[];

export const isAggregate = (name: unknown): name is Aggregate => AGGREGATES.includes(name as Aggregate);
export const entityOf = (name: string): Field["kind"] | undefined => ENTITIES.get(name);

/**
 * Returns the field of a name, or `undefined` if the entity has no such field. MLflow's `user_id` is the tag in which
 * it keeps the user.
 */
export function namedField(entity: "attribute" | "dataset", name: string): Field | undefined {
  if (entity === "dataset") {
    return DATASET_PARTS.includes(name) ? { kind: entity, name: name as DatasetPart } : undefined;
  }
  if (name === "user_id") return { kind: "tag", key: "mlflow.user" };
  const attribute = attributesByName.get(name);
  return attribute && { kind: entity, name: attribute.name };
}

/** Returns the names that {@link namedField} knows, for messages. */
export function namesOf(entity: "attribute" | "dataset"): string {
  return (
    entity === "dataset" ? DATASET_PARTS : [...filterAttributes.map((attribute) => attribute.name), "user_id"]
  ).join(", ");
}

const PLAIN_KEY = /^[\w/:@[\]-]+(?:\.[\w/:@[\]-]+)*$/;

/** Returns the field as text. Two fields have the same text only if they are the same. */
export function formatField(field: Field): string {
  switch (field.kind) {
    case "attribute":
      return `attributes.${field.name}`;
    case "dataset":
      return `datasets.${field.name}`;
    case "metric": {
      // The parser could mistake a dot for the one before an aggregate.
      const key = field.key.includes(".") ? quote(field.key) : formatKey(field.key);
      return `metrics.${key}${field.aggregate === "last" ? "" : `.${field.aggregate}`}`;
    }
    default:
      return `${field.kind}s.${formatKey(field.key)}`;
  }
}

const formatKey = (key: string): string => (PLAIN_KEY.test(key) ? key : quote(key));
const quote = (key: string): string => `"${key.replaceAll('"', '""')}"`;
