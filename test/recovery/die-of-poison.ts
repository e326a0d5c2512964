/** Loaded before the runner: its process dies the moment it would hand the poisoned prompt to its model. */
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'

const { postMessage } = Worker.prototype
Worker.prototype.postMessage = function (this: Worker, ...message: Parameters<typeof postMessage>) {
  if (inspect(message[0]).includes('two butterflies')) process.kill(process.pid, 'SIGKILL')
  return postMessage.apply(this, message)
}
