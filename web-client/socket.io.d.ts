// The server serves socket.io-client's own browser build under this name; these are its types.
export * from "socket.io-client";
