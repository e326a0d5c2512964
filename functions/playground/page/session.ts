/** Where the page has its key from: the link that `npm start` prints, or a paste. It stays in this tab. */

const STORED = 'rollover-key'

/** Takes a key out of `#key=...`, so that it does not stay in the address; else the one this tab has. */
export const takeKey = (): string | undefined => {
  const match = /^#key=([\w-]+)$/.exec(location.hash)
  if (match?.[1] !== undefined) {
    keepKey(match[1])
    history.replaceState(null, '', '/#/generate')
  }
  return sessionStorage.getItem(STORED) ?? undefined
}

export const keepKey = (key: string): void => sessionStorage.setItem(STORED, key)
export const dropKey = (): void => sessionStorage.removeItem(STORED)
