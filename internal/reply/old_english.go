package reply

// english is every text in English. The tone is that of a friendly shop in East
// Africa: short, polite, warm, no slang.
var english = phrasebook{
	hello:     "Hello!",
	welcome:   "Welcome to {business}. How can we help you today?",
	sorry:     "Thank you for writing to {business}. How can we help you?",
	choose:    "Please reply with a number, for example 1.",
	wordsOnly: "Sorry, we can only read text here. Please write your message in words.",
	thanks:    "You are very welcome! If you need anything else, just write “menu”.",
	ok:        "All right! If you need anything else, just write “menu”.",

	slowDown: "We have received many messages in a short time. Please wait a few minutes before " +
		"you write again. Thank you for your patience.",
	busy: "Very many people are writing to us, and we could not answer your message in time. " +
		"Please write again later. Thank you for your patience.",
	pleaseWait: "We are still answering your earlier messages. Please wait a moment, then send " +
		"your last message again.",
	muted: "Automatic answers are paused here for now. A member of our team will look at your " +
		"messages. Thank you for your patience.",

	// What is noted is never promised: the bot knows neither free dates nor the stock, so the
	// business's people have the last word.
	booking: map[string]phrase{
		intentBook: {
			menu: "Make a booking",
			answer: "Welcome to {business}! Which service would you like, and on which date? For " +
				"example: facial, 26 Feb.",
			noted: "Thank you! We have noted your booking request: “{details}”. Our team will " +
				"confirm it here.",
		},
		intentServices: {
			menu: "Our services",
			answer: "Which service at {business} would you like to know about? Please write its " +
				"name, and a date if you already have one in mind. For example: facial, 26 Feb.",
			noted: "Thank you! We have noted your question: “{details}”. Our team will answer " +
				"you here.",
		},
		intentPrices: {
			menu: "Prices",
			answer: "Which service would you like the price of? Please write its name, for " +
				"example: facial.",
			noted: "Thank you! You would like the price of: “{details}”. Our team will send it " +
				"to you here.",
		},
		intentContact: {
			menu:   "Contact us",
			answer: contactInEnglish,
			noted: "Thank you! We have noted your message: “{details}”. Our team will get back " +
				"to you here.",
		},
		intentChange: {
			answer: "To change or cancel a booking, please write your name, the service and its " +
				"date, and what you would like instead.",
			noted: "Thank you! We have noted your request: “{details}”. Our team will confirm it " +
				"here.",
		},
	},

	ecommerce: map[string]phrase{
		intentProducts: {
			menu: "Products",
			answer: "Which product are you looking for at {business}? Please write its name, and " +
				"the size or colour if it matters.",
			noted: "Thank you! You are looking for: “{details}”. Our team will tell you here " +
				"whether we have it.",
		},
		intentPrices: {
			menu:   "Prices",
			answer: "Which product would you like the price of? Please write its name.",
			noted: "Thank you! You would like the price of: “{details}”. Our team will send it " +
				"to you here.",
		},
		intentOrder: {
			menu: "Place an order",
			answer: "Happy to take your order! Which product would you like, and what quantity? " +
				"For example: sugar, 2 kg.",
			noted: "Thank you! We have noted your order: “{details}”. Our team will confirm it " +
				"here.",
		},
		intentDelivery: {
			menu: "Delivery",
			answer: "Where should we deliver, and which product? Please write the area and town, " +
				"for example: Sinza, Dar es Salaam.",
			noted: "Thank you! We have noted your delivery details: “{details}”. Our team will " +
				"tell you the cost and time here.",
		},
		intentFollowUp: {
			answer: "About an order you have made: please write its number, or the product and " +
				"the day you ordered, and how we can help.",
			noted: "Thank you! We have noted this about your order: “{details}”. Our team will " +
				"look into it and answer you here.",
		},
		intentPayment: {
			answer: "Which product or order is the payment for? Please write it here, and never " +
				"send us your PIN or password.",
			noted: "Thank you! We have noted your payment question: “{details}”. Our team will " +
				"answer you here.",
		},
		intentContact: {
			answer: contactInEnglish,
			noted: "Thank you! We have noted your message: “{details}”. Our team will get back " +
				"to you here.",
		},
	},

	support: map[string]phrase{
		intentProblem: {
			menu: "Report a problem",
			answer: "We are sorry for the trouble. Please describe the problem in detail: what " +
				"happened, when, and with which product or service.",
			noted: "Thank you for explaining. We have noted the problem: “{details}”. Our team " +
				"will answer you here.",
		},
		intentQuestion: {
			menu:   "Ask a question",
			answer: "You are welcome to ask! Please write your question in one message.",
			noted: "Thank you! We have noted your question: “{details}”. Our team will answer " +
				"you here.",
		},
		intentContact: {
			menu:   "Contact us",
			answer: contactInEnglish,
			noted: "Thank you! We have noted your message: “{details}”. Our team will get back " +
				"to you here.",
		},
		intentHours: {
			menu: "Working hours",
			answer: "You can write to {business} here at any hour; our team answers during " +
				"working hours. Would you like to know about a certain day? Please write which " +
				"one.",
			noted: "Thank you! You would like to know about: “{details}”. Our team will answer " +
				"you here.",
		},
		// The details are not repeated: people write their PIN in spite of what they are told.
		intentAccount: {
			answer: "About your account or a payment: please write your name and what you need. " +
				"Never send us your PIN or password.",
			noted: "Thank you! We have noted your request. Our team will answer you here. Please " +
				"never share your PIN or password.",
		},
	},
}

// contactInEnglish answers whoever wants to talk to a person, for every template. There is no
// other number to call: the tenant's own number is this chat.
const contactInEnglish = "You can reach {business} right here in this chat. Please write your " +
	"name and what you need, and our team will answer you."
