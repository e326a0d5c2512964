/** A table that may be wider than the screen: it scrolls by itself, with the keyboard too. */
import type { ComponentChildren } from 'preact'

export const Wide = ({ label, children }: { label: string; children: ComponentChildren }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
  <section class="wide" aria-label={`${label}, table`} tabIndex={0}>
    {children}
  </section>
)
