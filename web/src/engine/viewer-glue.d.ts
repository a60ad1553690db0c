// The module that web/engine builds (viewer.mjs); build.mjs resolves it.
declare module '#viewer-glue' {
  const createViewer: import('./module.js').CreateViewer;
  export default createViewer;
}
