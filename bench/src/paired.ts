/** Paired, interleaved measuring of CPU time: a shared machine drifts and waits, ratios of CPU taken in turns do not. */

/** Something that is run many times; its time for one run is what counts. */
export type Job = () => Promise<unknown> | unknown

/** How often and how long. */
export interface PairedOptions {
  /** Turns; the median of their ratios is the result. Default 15. */
  readonly turns?: number
  /** Runs of each job in one turn. */
  readonly runs: number
}

/** The median over all turns of (CPU time of `subject` / CPU time of `reference`), all threads of the process counted. */
export async function pairedRatio(subject: Job, reference: Job, { turns = 15, runs }: PairedOptions): Promise<number> {
  await timeOf(subject, runs)
  await timeOf(reference, runs)
  const ratios: number[] = []
  for (let turn = 0; turn < turns; turn += 1) {
    // The order alternates, so that neither always runs on a warmer cache.
    const first = turn % 2 === 0 ? subject : reference
    const second = first === subject ? reference : subject
    const times = new Map([[first, await timeOf(first, runs)]])
    times.set(second, await timeOf(second, runs))
    ratios.push((times.get(subject) ?? 0) / (times.get(reference) ?? 1))
  }
  return median(ratios)
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

async function timeOf(job: Job, runs: number): Promise<number> {
  const start = process.cpuUsage()
  for (let run = 0; run < runs; run += 1) await job()
  const { user, system } = process.cpuUsage(start)
  return user + system
}
