/** Rules ask the same of the same data, which never changes: worked out once for each. */

/** A function of an object → the same, remembered as long as the object lives. */
export function once<Key extends object, Value>(work: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    let there = known.get(key);
    if (there === undefined) {
      there = { value: work(key) };
      known.set(key, there);
    }
    return there.value;
  };
}

/** A function of a text → the same, remembered: the files of a repository repeat each other's values. */
export function onceForText<Value>(work: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, { readonly value: Value }>();
  return (text) => {
    let there = known.get(text);
    if (there === undefined) {
      there = { value: work(text) };
      known.set(text, there);
    }
    return there.value;
  };
}
