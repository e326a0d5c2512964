/** Puts the page into its document. */
import { render } from 'preact'
import { App } from './app.tsx'
import './style.css'

const root = document.getElementById('app')
if (root === null) throw new Error('index.html has no #app')
// What stood there while this script was on its way.
root.replaceChildren()
render(<App />, root)
