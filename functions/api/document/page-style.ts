/** How the reference page looks. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--line:light-dark(#dde1e6,#31363d);--soft:light-dark(#f5f6f8,#1b1e23);--dim:light-dark(#5c6570,#9aa4b0);--link:light-dark(#0b57d0,#8ab4f8)}
*{box-sizing:border-box}
body{margin:0;font:15px/1.5 system-ui,sans-serif;background:light-dark(#fff,#121417);color:light-dark(#1c2024,#e4e7eb)}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
nav{position:fixed;inset:0 auto 0 0;width:17rem;overflow:auto;padding:1rem;border-right:1px solid var(--line);background:var(--soft);font-size:14px}
nav h2{font-size:12px;text-transform:uppercase;letter-spacing:.05em;color:var(--dim);margin:1.2rem 0 .3rem}
nav a{display:block;padding:.1rem 0;color:inherit;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
main{margin-left:17rem;padding:1.5rem 2rem 6rem;max-width:86rem}
section{border-top:1px solid var(--line);padding:1.6rem 0;scroll-margin-top:1rem}
.two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:2rem;align-items:start}
h1{margin:.2rem 0}h3{margin:0 0 .3rem;font-size:1.15rem}h4{margin:1.2rem 0 .3rem;font-size:13px;color:var(--dim);text-transform:uppercase;letter-spacing:.04em}
code,pre,textarea,input{font:13px/1.5 ui-monospace,monospace}
p code,td code,li code{background:var(--soft);border-radius:3px;padding:0 .25em}
pre{margin:0;padding:.8rem;overflow:auto;background:#16191d;color:#e4e7eb;border-radius:0 0 6px 6px}
table{border-collapse:collapse;width:100%;font-size:13.5px}td{border-top:1px solid var(--line);padding:.35rem .5rem .35rem 0;vertical-align:top}td:first-child{white-space:nowrap}
.dim,small{color:var(--dim)}
.method{display:inline-block;min-width:3.6em;font:600 12px ui-monospace,monospace;text-transform:uppercase}
.get{color:light-dark(#1a7f37,#5fd07a)}.post{color:light-dark(#0b57d0,#8ab4f8)}.patch{color:light-dark(#9a6700,#e3b341)}.delete{color:light-dark(#c4232b,#ff7b72)}
.tabs{display:flex;gap:.2rem;background:#16191d;border-radius:6px 6px 0 0;padding:.3rem .5rem 0}
.tabs button{border:0;background:none;color:#9aa4b0;padding:.25rem .5rem;cursor:pointer;font:inherit;font-size:13px}.tabs button[aria-selected=true]{color:#fff;border-bottom:2px solid #8ab4f8}.tabs .copy{margin-left:auto}
form{margin-top:1rem;border:1px solid var(--line);border-radius:6px;padding:.8rem}form label{display:flex;gap:.6rem;margin:.25rem 0;font-size:13px}form label span{flex:0 0 9rem}
input,textarea{width:100%;border:1px solid var(--line);border-radius:4px;padding:.3rem;background:transparent;color:inherit}
button[type=submit]{margin-top:.5rem;border:0;border-radius:4px;padding:.4rem 1rem;background:var(--link);color:light-dark(#fff,#111);cursor:pointer;font:inherit}
form pre{max-height:24rem}form pre,main>section pre{margin-top:.6rem;border-radius:6px}.samples pre{margin:0;border-radius:0 0 6px 6px}summary{cursor:pointer}
@media(max-width:60rem){nav{display:none}main{margin:0;padding:1rem}.two{grid-template-columns:minmax(0,1fr)}}
`
