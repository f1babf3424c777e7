/** A value on an object that is there already, out of everybody's sight. */

/** One field; each has a name of its own that nobody else can say. */
export interface HiddenField<Value> {
  /** Once for each object, frozen ones too. */
  set(object: object, value: Value): void
  /** `undefined`: it was not set. */
  get(object: object): Value | undefined
}

/** Lets a class put its private field on an object that is there already. */
const Given = function (given: object): object {
  return given
} as unknown as new (given: object) => object

/**
 * Makes a field. On the path of every request: the collector visits each entry of a weak map whose key is young at every
 * scavenge, which costs a server more than the whole check of a session; a private field costs it nothing.
 */
export function hiddenField<Value>(): HiddenField<Value> {
  class Holder extends Given {
    readonly #value: Value

    constructor(object: object, value: Value) {
      super(object)
      this.#value = value
    }

    static put(object: object, value: Value): object {
      return new Holder(object, value)
    }

    static read(object: object): Value | undefined {
      return #value in object ? object.#value : undefined
    }
  }
  return { set: (object, value) => void Holder.put(object, value), get: (object) => Holder.read(object) }
}
