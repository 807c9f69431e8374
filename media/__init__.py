"""WebRTC facts: ICE servers, acceptable SDP, robots; knows neither HTTP nor Socket.IO."""
