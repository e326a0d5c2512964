/**
 * V8 compiles a function in full once it was called 3000 times with nothing new to it, and then some. What a search runs is called some ninety
 * times a second, between graphs that leave its caches cold: it would stay in the middle tier for good. Imported before a thread is started;
 * it holds for the whole process.
 */
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--invocation-count-for-turbofan=200')
setFlagsFromString('--invocation-count-for-maglev=50')
setFlagsFromString('--minimum-invocations-after-ic-update=50')
