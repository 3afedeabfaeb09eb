// Loads the native part of zeromq, or ends with what it lacks: for a machine that is looked at before a run.
await import('zeromq');
