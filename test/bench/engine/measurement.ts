/** What one part of `npm run bench` measures on, and what it hands back. */
import type { EngineSettings } from '../../../gpu-runner/calibrate/choose-settings.ts'
import type { Model } from '../../../gpu-runner/engine/model.ts'
import type { Provider } from '../../../gpu-runner/pack/providers.ts'
import type { Plan } from './generation.ts'

/** What all parts of one run share. */
export interface Bench {
  /** As a runner has it on this machine. */
  readonly model: Model
  /** With one session: nothing runs beside anything else, so that the time inside the graphs is a share of the time on the clock. */
  readonly oneSession: Model
  readonly provider: Provider
  readonly settings: EngineSettings
  /** The generation that ratios are measured with. */
  readonly plan: Plan
  readonly repeats: number
  /** Pythons of the baselines, where they were named. */
  readonly pythons: Readonly<Record<'lab' | 'litserve' | 'bentoml', string | undefined>>
}

/** One number, and what it should be. */
export interface Figure {
  readonly name: string
  readonly what: string
  readonly goal: { readonly least: number } | { readonly most: number }
  measure(bench: Bench): Promise<MeasuredFigure>
}

export interface MeasuredFigure {
  readonly value: number
  /** In a few words, what it was computed from. */
  readonly from: string
  readonly details: object
}

/** A table of the full run. */
export interface Table {
  readonly name: string
  measure(bench: Bench): Promise<MeasuredTable>
}

export interface MeasuredTable {
  /** As it goes into the JSON. */
  readonly details: object
  readonly markdown: string
  readonly plot?: { readonly name: string; readonly alt: string; readonly svg: string }
}
