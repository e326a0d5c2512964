/** What 1,000 NFEs cost: the GPU for its billed time, and the rest of the service for one generation of 500 NFEs. */
import { type Prices, priceOf } from './prices.ts'

/** What one generation asks of the service, counted in the code's own calls. */
const GENERATION: Readonly<Record<string, number>> = {
  // The edge: rate window, idempotency twice, hold, item, ledger. The runner: lease and its renewals, progress, end, settlement,
  // ledger, history, delivery twice, close. Items above 1 kB count twice.
  dynamodbWrite: 45,
  dynamodbRead: 40,
  sqsRequest: 12,
  s3Put: 3,
  lambdaRequest: 8,
  // Eight short requests of 1 GB, and one delivery.
  lambdaGbSecond: 8 * 0.08 + 0.5 * 0.5,
  trace: 8,
  logsGb: 12e3 / 1e9,
}
export const GENERATION_NFE = 500
/** Disk of a machine, GB. */
const DISK_GB = 100
const HOURS_A_MONTH = 730

/** Dollars an hour of one GPU machine, with its disk and address. `spot` is the part of the fleet on spot, 0 to 1. */
export const machineUsdAnHour = (prices: Prices, type: string, spot: number): number => {
  const onDemand = priceOf(prices, type).usd
  const machine = onDemand * (1 - spot) + onDemand * priceOf(prices, 'spotShare').usd * spot
  return machine + (DISK_GB * priceOf(prices, 'gp3').usd) / HOURS_A_MONTH + priceOf(prices, 'publicIpv4').usd
}

/** @param utilisation part of the billed time in which the GPU evaluates, 0 to 1. */
export const gpuUsdPer1000Nfe = (on: { usdAnHour: number; secondsPerNfe: number; utilisation: number }): number =>
  (1000 * on.secondsPerNfe * on.usdAnHour) / 3600 / on.utilisation

export const serviceUsdPer1000Nfe = (prices: Prices): number => {
  const generation = Object.entries(GENERATION).reduce(
    (sum, [name, quantity]) => sum + quantity * priceOf(prices, name).usd,
    0,
  )
  return (generation * 1000) / GENERATION_NFE
}
