/**
 * What the simulation takes for given beside the scaling policy, in seconds unless said. Each says where it comes from; what was
 * not measured on a fleet of ours says so, and is to be replaced by a measurement once there is one.
 */
export interface Assumptions {
  /** From asking for a machine to its agent's registration: launch, boot, driver. Not measured; AWS speaks of minutes. */
  readonly machineStart: readonly [least: number, most: number]
  /** First task on a machine: the image is pulled (about 3 GB packed). Not measured. */
  readonly imagePull: readonly [least: number, most: number]
  /** Any task: container, CUDA, the pack's graphs. Not measured. */
  readonly taskStart: readonly [least: number, most: number]
  /** A metric of a minute can be seen by an alarm this long after the minute's end (CloudWatch: up to a minute). */
  readonly metricDelay: number
  /** From an alarm to the order for machines: ECS publishes CapacityProviderReservation each minute, and its alarm waits for one. */
  readonly capacityDelay: number
  /** A machine without a task goes after so long: the scale-in alarm of ECS wants 15 datapoints. */
  readonly machineIdle: number
  /** From zero, ECS starts two machines. */
  readonly machinesFromZero: number
  /** Interruptions of one spot machine an hour. Spot Advisor's classes are 5 to 20 % a month; this is far worse on purpose. */
  readonly interruptionsPerHour: number
  /** From the notice to the machine's end. */
  readonly spotNotice: number
}

export const ASSUMPTIONS: Assumptions = {
  machineStart: [70, 130],
  imagePull: [60, 120],
  taskStart: [20, 40],
  metricDelay: 60,
  capacityDelay: 90,
  machineIdle: 900,
  machinesFromZero: 2,
  interruptionsPerHour: 0.01,
  spotNotice: 120,
}
