// Package token splits messages into words and numbers, and knows the numerals of both languages.
package token
