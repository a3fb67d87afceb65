// Package flowhq holds the nouns of a multi-tenant WhatsApp chatbot platform:
// tenants, sessions, workers, messages, events, and the one error type that
// crosses package boundaries.
//
// It imports only the standard library. Everything else in the module imports
// it, so a word that appears here means the same thing everywhere.
package flowhq
