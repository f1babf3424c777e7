/** How processes tell each other that a record has changed. */

/**
 * Carries the names of changed records between the caches of several processes.
 *
 * It may lose, delay, repeat and reorder messages: it only makes a change seen sooner than `maxStalenessSeconds`.
 */
export interface InvalidationBus {
  /** Tells all subscribers, this process's own too, that the record may have changed. A rejection is ignored. */
  publish(kind: string, key: string): Promise<void>
  /**
   * Listens until the returned function is called; that one resolves when nothing will be called any more.
   *
   * `onHealth(true)`: the subscription stands, each time it was (again) acknowledged; what was sent before is lost.
   * `onHealth(false)`: messages may be lost from now on.
   */
  subscribe(
    onInvalidate: (kind: string, key: string) => void,
    onHealth: (healthy: boolean) => void,
  ): () => Promise<void>
}
