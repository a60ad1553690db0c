// For the tests as WebAssembly in Node: what the environment says reaches them as it does natively.
Module.preRun = () => Object.assign(ENV, process.env);
