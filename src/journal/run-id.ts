/**
 * The pattern of the id of a run. It is safe in keys and URLs. Ids that the library makes have no capitals, so that no
 * filesystem merges two of them. People may choose ids with capitals.
 */
export const ID_PATTERN: RegExp = /^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/;
