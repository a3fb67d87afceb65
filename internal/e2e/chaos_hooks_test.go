package e2e

import (
	"encoding/json"
	"fmt"

	"github.com/flowhq/flowhq"
)

// hookFails is of how many attempts a receiver of a chaos run refuses one.
const hookFails = 20

// undelivered is how many events wait for a receiver, or for somebody to read them.
func (c *chaos) undelivered() (n int, err error) {
	err = c.session().QueryRowContext(c.t.Context(), `select
		(select count(*) from flowhq.webhook_deliveries where status = 'PENDING')
		+ (select count(*) from flowhq.webhook_cursors where due_at is not null or not resting)`).Scan(&n)
	return n, err
}

// hookProblems accounts for each message of a customer: its event has reached the receiver of the
// business, at least once, and those of a chat for the first time in their order.
func (c *chaos) hookProblems() (problems []string, events int) {
	c.t.Helper()
	for b, h := range c.hooks {
		rows, err := c.session().QueryContext(c.t.Context(), `select id from flowhq.message_logs
			where tenant_id = $1 and direction = 'IN' order by id`, string(b.id))
		if err != nil {
			c.t.Fatal(err)
		}
		defer rows.Close()
		missing := 0
		first, disordered := h.first()
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				c.t.Fatal(err)
			}
			events++
			if !first[id] {
				missing++
			}
		}
		if err := rows.Err(); err != nil {
			c.t.Fatal(err)
		}
		if missing+disordered > 0 {
			problems = append(problems, fmt.Sprintf("webhook of %s: %d events are missing, %d out of order", b.Name, missing, disordered))
		}
	}
	return problems, events
}

// first are the messages whose events were accepted, and how many of them came for the first time
// after a later one of the chat.
func (h *hook) first() (messages map[int64]bool, disordered int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	messages, last := map[int64]bool{}, map[int64]int64{}
	for _, e := range h.accepted {
		var data flowhq.MessageEvent
		if json.Unmarshal(e.Data, &data) != nil || messages[data.MessageID] {
			continue
		}
		messages[data.MessageID] = true
		if data.MessageID < last[data.ContactID] {
			disordered++
		}
		last[data.ContactID] = max(last[data.ContactID], data.MessageID)
	}
	return messages, disordered
}
