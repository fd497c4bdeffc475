// How people open a prompt, whatever they ask for then.

export const openings: readonly string[] = [
  ...[
    'Hi!',
    'Hello,',
    'Hey,',
    'Please',
    'Thanks!',
    'Okay,',
    'Now',
    'Good morning.',
    'Great!',
    'Hm,',
    'One more thing:',
  ],
  ...[
    'I am a student.',
    'I am new to this.',
    'Act as an expert.',
    'You are a helpful assistant.',
    'I need your help.',
  ],
  ...[
    'Act as a teacher.',
    'You are a senior consultant.',
    'I run a small company.',
    'For my class:',
    'Quick question.',
  ],
  ...[
    'I want you to act as a specialist in this field.',
    'Answer in detail.',
    'Be brief.',
    'Think step by step.',
  ],
];
