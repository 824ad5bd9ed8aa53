from crslab_causal.chat.conversation import chat
