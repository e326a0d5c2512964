/** What the reference page does: tabs of samples, copying, and sending a request to this very origin. No library. */
export const PAGE_SCRIPT = `
const all=(selector,from=document)=>[...from.querySelectorAll(selector)];
// A language chosen once is chosen everywhere.
const choose=(label)=>{for(const sample of all('[data-sample]'))sample.hidden=sample.dataset.sample!==label;
for(const tab of all('[data-tab]'))tab.setAttribute('aria-selected',String(tab.dataset.tab===label));localStorage.setItem('language',label)};
choose(localStorage.getItem('language')||'curl');
document.addEventListener('click',(event)=>{const button=event.target.closest('button');if(!button)return;
if(button.dataset.tab)choose(button.dataset.tab);
if(button.classList.contains('copy')){const shown=all('[data-sample]',button.closest('.samples')).find((sample)=>!sample.hidden);
navigator.clipboard.writeText(shown.textContent).then(()=>{button.textContent='Copied';setTimeout(()=>{button.textContent='Copy'},1200)})}});
// Keys stay in this tab.
for(const field of all('input[data-key]')){field.value=sessionStorage.getItem(field.dataset.key)||'';
field.addEventListener('input',()=>{sessionStorage.setItem(field.dataset.key,field.value);for(const same of all('input[data-key="'+field.dataset.key+'"]'))same.value=field.value})}
document.addEventListener('submit',async(event)=>{event.preventDefault();const form=event.target;const output=form.querySelector('output');
const value=(name)=>form.querySelector('[name="'+name+'"]')?.value||'';
let path=form.dataset.path.replace(/\\{(\\w+)\\}/g,(_,name)=>encodeURIComponent(value('path.'+name)));
const query=new URLSearchParams();for(const field of all('[name^="query."]',form))if(field.value)query.set(field.name.slice(6),field.value);
if(query.size)path+='?'+query;
const headers={authorization:'Bearer '+form.querySelector('[data-key]').value};
const body=form.querySelector('textarea')?.value;if(body!==undefined)headers['content-type']=form.dataset.type;
if(form.dataset.method==='post')headers['idempotency-key']=crypto.randomUUID();
const pre=document.createElement('pre');output.replaceChildren(pre);pre.textContent='...';
try{const started=performance.now();
const answer=await fetch(path,{method:form.dataset.method.toUpperCase(),headers,body,redirect:'manual'});
if(answer.type==='opaqueredirect'){pre.textContent='A redirect to a file: run the sample to fetch it.';return}
const text=await answer.text();let shown=text;try{shown=JSON.stringify(JSON.parse(text),null,2)}catch{}
pre.textContent=answer.status+' in '+Math.round(performance.now()-started)+' ms\\n\\n'+shown}
catch(error){pre.textContent=String(error)}});
`
