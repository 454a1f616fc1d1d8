/**
 * Returns how many ms of processor time this process takes for some work. On a busy machine that is hardly more than on
 * a quiet one, unlike the time of the clock.
 */
export async function processorMs(work: () => unknown): Promise<number> {
  const begin = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1000;
}
