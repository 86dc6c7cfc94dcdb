/** A function of an object → the same, worked out once for each: rules ask the same of the same data, which never changes. */
export function once<Key extends object, Value>(work: (key: Key) => Value): (key: Key) => Value {
  const known = new WeakMap<Key, { readonly value: Value }>();
  return (key) => {
    const there = known.get(key) ?? { value: work(key) };
    known.set(key, there);
    return there.value;
  };
}
