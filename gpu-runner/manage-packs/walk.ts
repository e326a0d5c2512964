/**
 * The runner's own ODE on given starting latents, without a search: what is compared with the pipeline that a pack was made of.
 * A case is `<path>.json` {prompts, times, guided} with `<path>.latents`, float32 [B, latent], beside it.
 */
import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { PackManifest } from '../../shared/contract/pack.ts'
import { interpolantNamed } from '../flow/interpolant.ts'
import { applyPair, VELOCITY_OF } from '../flow/prediction.ts'
import { encodeInputs } from '../pack/encode-inputs.ts'
import { sizeOf } from '../pack/graph-signature.ts'
import { type Conditioning, type Graphs, openGraphs } from '../pack/graphs.ts'
import { openTokenizers } from '../pack/open-tokenizers.ts'
import type { Provider } from '../pack/providers.ts'
import { readPack } from '../pack/read-pack.ts'
import { meanOfNext, walkStep } from '../search/walk.ts'

const caseSchema = z.strictObject({
  prompts: z.array(z.string()).min(1),
  /** Native times from the first down to 0. */
  times: z.array(z.number().min(0).max(1)).min(2),
  /** Whether the pack's guidance is used; without it a `cfg` pack runs its network once. */
  guided: z.boolean(),
})

export interface WalkCase extends z.infer<typeof caseSchema> {
  /** One a prompt. */
  readonly latents: readonly Float32Array[]
}

/** Rejects on files that are no case for a pack of this latent size. */
export const readCase = async (path: string, latentSize: number): Promise<WalkCase> => {
  const facts = caseSchema.parse(JSON.parse(await readFile(`${path}.json`, 'utf8')))
  const all = await readFloats(`${path}.latents`)
  if (all.length !== facts.prompts.length * latentSize)
    throw new RangeError(`${path}.latents has ${all.length} numbers where ${facts.prompts.length * latentSize} are due`)
  const latents = facts.prompts.map((_, index) => all.slice(index * latentSize, (index + 1) * latentSize))
  return { ...facts, latents }
}

/** Little-endian float32. */
export const readFloats = async (path: string): Promise<Float32Array> => {
  const bytes = await readFile(path)
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer)
}

export interface WalkOptions {
  readonly threads: number
  readonly provider?: Provider
}

/** Opens a pack for walks: `walk(case)` gives the images, [B, 3, H, W], of all prompts as one batch. */
export const openWalk = async (folder: string, { guided, ...options }: WalkOptions & { guided: boolean }) => {
  const pack = await readPack(folder)
  const manifest: PackManifest = guided ? pack.manifest : withoutGuidance(pack.manifest)
  const graphs = await openGraphs({ ...pack, manifest }, options)
  const tokenizers = await openTokenizers(pack)
  return {
    manifest,
    walk: async (given: WalkCase): Promise<Float32Array> => {
      const conditionings: Conditioning[] = []
      for (const prompt of given.prompts)
        conditionings.push(await graphs.encode(encodeInputs(manifest, tokenizers, prompt)))
      return walkDown(graphs, manifest, {
        times: given.times,
        rows: given.latents.map((latent, index) => ({ latent, conditioning: conditionings[index] ?? {} })),
      })
    },
  }
}

type Row = Pick<Parameters<Graphs['velocity']>[0][number], 'latent' | 'conditioning'>

const walkDown = async (
  graphs: Graphs,
  { native }: PackManifest,
  { times, rows }: { times: readonly number[]; rows: readonly Row[] },
): Promise<Float32Array> => {
  const interpolant = interpolantNamed(native.interpolant)
  let latents = rows.map(({ latent }) => latent)
  for (const [index, t] of times.slice(0, -1).entries()) {
    const step = walkStep({ native: interpolant, walked: interpolant, kernel: ODE }, t, times[index + 1] ?? 0)
    const predicted = await graphs.velocity(
      latents.map((latent, at) => ({ latent, t, conditioning: rows[at]?.conditioning ?? {}, spend: () => undefined })),
    )
    const size = predicted.length / rows.length
    const velocityOf = VELOCITY_OF[native.prediction](interpolant, t)
    latents = latents.map((latent, at) =>
      meanOfNext(step, latent, applyPair(velocityOf, latent, predicted.subarray(at * size, (at + 1) * size))),
    )
  }
  return graphs.decode(latents)
}

/** The denoised estimate and the implied noise, joined anew at the next time: Euler on `linear`, DDIM elsewhere. */
const ODE = { kind: 'gaussian', rho: 1 } as const

const withoutGuidance = (manifest: PackManifest): PackManifest =>
  manifest.guidance.mode === 'cfg' ? { ...manifest, guidance: { mode: 'none' } } : manifest

export const latentSizeOf = ({ latent }: Pick<PackManifest, 'latent'>): number => sizeOf(latent)
