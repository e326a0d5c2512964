/** Rises when the colors of the system change: what is drawn by hand must be drawn again. */
import { useEffect, useState } from 'preact/hooks'

export const useColorScheme = (): number => {
  const [changes, setChanges] = useState(0)
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    const changed = () => setChanges((count) => count + 1)
    dark.addEventListener('change', changed)
    return () => dark.removeEventListener('change', changed)
  }, [])
  return changes
}
