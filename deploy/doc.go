// Package deploy checks what runs Flow HQ in production: docker-compose.yml, the
// Dockerfile, and the scripts beside this file. The tests need no container
// engine, and the package is a module of its own so that its parsers stay out of
// the program's dependencies.
package deploy
