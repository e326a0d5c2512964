/** `npm run costs`: a month in which nothing happens, and 1,000 NFEs by GPU, from prices.json. */
import { readStage } from '../stages.ts'
import { idleLines, lineUsd } from './idle.ts'
import { GENERATION_NFE, gpuUsdPer1000Nfe, machineUsdAnHour, serviceUsdPer1000Nfe } from './nfe.ts'
import { priceOf, readPrices } from './prices.ts'

/** Of the diurnal trace (docs/results/fleet.md). */
const UTILISATION = 0.75
/** A placeholder until the fleet's own is measured (`fleet.secondsPerNfe`). */
const SECONDS_PER_NFE = 0.1
const SPOT_PARTS = [0, 0.7, 1]

const prices = readPrices()
for (const name of ['dev', 'prod']) {
  const lines = idleLines(readStage(name))
  const total = (free: boolean) => lines.reduce((sum, line) => sum + lineUsd(prices, line, free), 0)
  console.log(
    `\n${name}, idle, a month\n\n| what | quantity | unit price | list | after what is always free |\n| --- | --- | --- | --- | --- |`,
  )
  for (const line of lines)
    console.log(
      `| ${line.why} | ${Math.round(line.quantity * 100) / 100} | $${priceOf(prices, line.price).usd} a ${priceOf(prices, line.price).per} | $${lineUsd(prices, line, false).toFixed(2)} | $${lineUsd(prices, line, true).toFixed(2)} |`,
    )
  console.log(`| **sum** | | | **$${total(false).toFixed(2)}** | **$${total(true).toFixed(2)}** |`)
}

const service = serviceUsdPer1000Nfe(prices)
console.log(
  `\n1,000 NFEs of ${SECONDS_PER_NFE} s, GPUs used to ${UTILISATION * 100} %; the rest of the service: $${service.toFixed(5)} (generations of ${GENERATION_NFE} NFEs)\n\n| machine | GPU | on demand | 70 % spot | spot | price of |\n| --- | --- | --- | --- | --- | --- |`,
)
for (const [type, { gpu, asOf, evidence }] of Object.entries(prices).filter(([, price]) => price.gpu !== undefined)) {
  const costs = SPOT_PARTS.map((spot) => {
    const usdAnHour = machineUsdAnHour(prices, type, spot)
    return service + gpuUsdPer1000Nfe({ usdAnHour, secondsPerNfe: SECONDS_PER_NFE, utilisation: UTILISATION })
  })
  console.log(
    `| ${type} | ${gpu} | ${costs.map((cost) => `$${cost.toFixed(4)}`).join(' | ')} | ${asOf} (${evidence}) |`,
  )
}
