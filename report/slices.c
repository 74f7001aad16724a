/* Three planes through a small volume that a reader moves: sliders, mouse, keys. The volume travels
 * as a mosaic PNG, slices as tiles; red is the grey value, green the label. Without script the
 * still pictures beside it remain. */
#include "report/slices.h"

#include "core/file.h"

#include <string.h>

/* clang-format off */
const char report_slices_script[] =
"'use strict';for(const box of document.querySelectorAll('.slices')){"
"const image=box.querySelector('img'),n=['nx','ny','nz'].map(k=>+box.dataset[k]),columns=+box.dataset.columns;"
"const colours=[null,[230,159,0],[86,180,233],[0,158,115],[204,121,167],[240,228,66]];"
"const planes=[[0,1,2],[0,2,1],[1,2,0]];" /* across, down, along */
"const start=()=>{const c=document.createElement('canvas');c.width=image.naturalWidth;c.height=image.naturalHeight;"
"const g=c.getContext('2d',{willReadFrequently:true});g.drawImage(image,0,0);"
"const d=g.getImageData(0,0,c.width,c.height).data,at=box.dataset.start.split(' ').map(Number),show=box.querySelector('input[type=checkbox]');"
"const pixel=i=>{const x=(i[2]%columns)*n[0]+i[0],y=Math.floor(i[2]/columns)*n[1]+i[1];return 4*(y*c.width+x)};"
"const ranges=box.querySelectorAll('input[type=range]'),ends=[ranges[3],ranges[4]],told=box.querySelectorAll('output');"
"const l0=+box.dataset.low,l1=+box.dataset.high,grey=new Uint8ClampedArray(256);"
"const move=(k,m)=>{at[k]=Math.max(0,Math.min(n[k]-1,at[k]+m));draw()};"
"const label=i=>i.every((v,k)=>v>=0&&v<n[k])?Math.round(d[pixel(i)+1]/40):0;"
"const views=planes.map(([a,b,s],k)=>{const v=box.querySelectorAll('canvas')[k],r=ranges[k];"
"v.width=n[a];v.height=n[b];r.max=n[s]-1;r.value=at[s];"
"r.addEventListener('input',()=>{at[s]=+r.value;draw()});"
"const go=e=>{const q=v.getBoundingClientRect(),f=(p,m)=>Math.max(0,Math.min(m-1,Math.floor(p*m)));"
"at[a]=f((e.clientX-q.left)/q.width,n[a]);const y=f((e.clientY-q.top)/q.height,n[b]);at[b]=b===2?n[2]-1-y:y;draw()};"
"v.addEventListener('wheel',e=>{if(document.activeElement===v){e.preventDefault();move(s,e.deltaY>0?-1:1)}},{passive:false});"
"v.addEventListener('keydown',e=>{const m={ArrowUp:[s,1],ArrowDown:[s,-1],ArrowLeft:[a,-1],ArrowRight:[a,1]}[e.key];"
"if(m){e.preventDefault();move(...m)}});"
"v.addEventListener('pointerdown',e=>{v.focus();v.setPointerCapture(e.pointerId);go(e)});"
"v.addEventListener('pointermove',e=>{if(e.buttons)go(e)});return{v,r,a,b,s}});"
"const draw=()=>{for(const{v,r,a,b,s}of views){r.value=at[s];const w=v.getContext('2d'),o=w.createImageData(n[a],n[b]);"
"for(let y=0;y<n[b];y++)for(let x=0;x<n[a];x++){const i=[0,0,0];i[a]=x;i[b]=b===2?n[2]-1-y:y;i[s]=at[s];"
"const p=4*(y*n[a]+x),t=grey[d[pixel(i)]];let z=[t,t,t];const l=label(i);"
"if(l&&show.checked){const e=[[a,1],[a,-1],[b,1],[b,-1]].some(([k,m])=>{const j=i.slice();j[k]+=m;return label(j)!==l});"
"if(e)z=colours[l%colours.length]||z}"
"if(x===at[a]||i[b]===at[b])z=z.map(c=>(c+110)>>1);"
"o.data[p]=z[0];o.data[p+1]=z[1];o.data[p+2]=z[2];o.data[p+3]=255}w.putImageData(o,0,0)}};"
"const wind=()=>{const[f,t]=ends.map(e=>+e.value);ends.forEach((e,k)=>told[k].value=e.value);"
"for(let i=0;i<256;i++){const hu=l0+i*(l1-l0)/255;grey[i]=t>f?255*(hu-f)/(t-f):hu<f?0:255}draw()};"
"for(const e of ends)e.addEventListener('input',wind);"
"show.addEventListener('change',draw);box.hidden=false;wind()};"
"if(image.complete&&image.naturalWidth)start();else image.addEventListener('load',start)}";
/* clang-format on */

static int hex_digit(char c) {
  return c <= '9' ? c - '0' : c - 'a' + 10;
}

void report_slices_hash(struct text *out) {
  char hex[65];
  unsigned char bytes[32];
  bytes_sha256(hex, report_slices_script, strlen(report_slices_script));
  for (int i = 0; i < 32; i++)
    bytes[i] = (unsigned char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
  text_append(out, "sha256-");
  text_append_base64(out, bytes, sizeof bytes);
}

void report_slices_element(struct text *out, const struct report_slices *s) {
  static const char *const names[] = {"axial", "coronal", "sagittal"};
  text_append(out,
              "<div class=\"slices\" hidden data-nx=\"%d\" data-ny=\"%d\" data-nz=\"%d\" "
              "data-columns=\"%d\" data-start=\"%d %d %d\" data-low=\"%g\" data-high=\"%g\"><img "
              "hidden alt=\"\" src=\"data:image/png;base64,",
              s->nx, s->ny, s->nz, s->columns, s->start[0], s->start[1], s->start[2], s->low_hu,
              s->high_hu);
  text_append_base64(out, s->png, s->length);
  text_append(out, "\"><div class=\"planes\">\n");
  for (int i = 0; i < 3; i++)
    text_append(out,
                "<div><canvas tabindex=\"0\" role=\"img\" aria-label=\"%s "
                "slice\"></canvas><label>%s <input "
                "type=\"range\" min=\"0\" value=\"0\"></label></div>\n",
                names[i], names[i]);
  text_append(out, "</div><label><input type=\"checkbox\" checked> outlines</label>\n");
  const double ends[2] = {s->low_hu, s->high_hu};
  for (int i = 0; i < 2; i++)
    text_append(out,
                "<label class=\"window\">%s <input type=\"range\" min=\"%g\" max=\"%g\" "
                "step=\"10\" value=\"%g\"> <output></output> HU</label>\n",
                i ? "white from" : "black to", s->low_hu, s->high_hu, ends[i]);
  text_append(out, "</div>\n");
}
