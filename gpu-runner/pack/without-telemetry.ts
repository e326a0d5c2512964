/**
 * Imported before onnxruntime, which since 1.29 tells its maker of processes, models and times unless this is set when it is
 * loaded: it sends over HTTPS and leaves files in TMPDIR. In a thread it takes effect only with `SHARE_ENV`.
 */
// biome-ignore lint/style/noProcessEnv: nothing is read; native code looks nowhere else
process.env['ORT_DISABLE_TELEMETRY'] = '1'
