// Which fields of a payload object have no place in a source's mapping table, so that none is lost.

/**
 * @returns a function that names the members of an object which `known` lacks. Records of one sender repeat their
 * fields, so the answer for the last sequence of names is kept: comparing 30 interned names costs far less than looking them up.
 */
export function createUnknownFields(known: ReadonlySet<string>): (object: Readonly<Record<string, unknown>>) => readonly string[] {
  let names: readonly string[] = [];
  let unknown: readonly string[] = [];
  return (object) => {
    let index = 0;
    let same = true;
    for (const name in object) {
      if (name !== names[index++]) {
        same = false;
        break;
      }
    }
    if (!same || index !== names.length) {
      names = Object.keys(object);
      unknown = names.filter((name) => !known.has(name));
    }
    return unknown;
  };
}
